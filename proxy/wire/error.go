package wire

import "strconv"

// The SQLSTATE codes that pgcordon itself sends.
const (
	InsufficientPrivilege = "42501" // a refused statement
	InvalidAuthorization  = "28000" // a refused session
	ProtocolViolation     = "08P01"
	InvalidParameterValue = "22023"
	TooManyConnections    = "53300"
	AdminShutdown         = "57P01"
	CannotConnectNow      = "57P03"
	FeatureNotSupported   = "0A000" // an unsupported protocol version, as the server says it
	SuccessfulCompletion  = "00000"
)

// ErrorFields are the fields of an ErrorResponse that people and programs read.
// https://www.postgresql.org/docs/current/protocol-error-fields.html
type ErrorFields struct {
	Severity string // S, may be translated
	Unlocal  string // V, never translated
	Code     string // C
	Message  string // M
	Detail   string // D, optional
	Hint     string // H, optional
}

// AppendError appends an ErrorResponse. A SQLSTATE is always present: clients
// have crashed without one.
func AppendError(dst []byte, f ErrorFields) []byte {
	dst, at := begin(dst, ErrorResponse)
	for _, field := range [...]struct {
		code  byte
		value string
	}{{'S', f.Severity}, {'V', f.Unlocal}, {'C', f.Code}, {'M', f.Message}, {'D', f.Detail}, {'H', f.Hint}} {
		if field.value == "" {
			continue
		}
		dst = append(dst, field.code)
		for i := range len(field.value) {
			if c := field.value[i]; c != 0 {
				dst = append(dst, c)
			}
		}
		dst = append(dst, 0)
	}
	return finish(append(dst, 0), at)
}

// ShiftPosition copies an ErrorResponse or a NoticeResponse to dst, header included, with
// by added to the place in the query that it names. That is counted in characters.
func ShiftPosition(dst, message []byte, by int) []byte {
	dst, at := begin(dst, message[0])
	body := message[HeaderSize:]
	for len(body) > 0 && body[0] != 0 {
		value, rest, ok := cut(body[1:])
		if !ok {
			break
		}
		dst = append(dst, body[0])
		if position, err := strconv.Atoi(string(value)); body[0] == 'P' && err == nil {
			dst = strconv.AppendInt(dst, int64(position+by), 10)
		} else {
			dst = append(dst, value...)
		}
		dst, body = append(dst, 0), rest
	}
	return finish(append(dst, 0), at)
}

// AppendFatal appends an ErrorResponse of severity FATAL, after which the
// connection is closed.
func AppendFatal(dst []byte, code, message, detail, hint string) []byte {
	return AppendError(dst, ErrorFields{
		Severity: "FATAL", Unlocal: "FATAL", Code: code, Message: message, Detail: detail, Hint: hint,
	})
}

// ErrorField returns the field with the given code of an ErrorResponse's or
// NoticeResponse's body; nil where it is absent.
func ErrorField(body []byte, code byte) []byte {
	for len(body) > 0 && body[0] != 0 {
		value, rest, ok := cut(body[1:])
		if !ok {
			return nil
		}
		if body[0] == code {
			return value
		}
		body = rest
	}
	return nil
}
