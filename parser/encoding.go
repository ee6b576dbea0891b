package parser

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// encodings are PostgreSQL's client encodings besides UTF8, by the name that the
// server reports in lower case. In several of them the second byte of a character
// can be that of a backslash or of another ASCII character, so that text must be
// converted before it can be read.
// https://www.postgresql.org/docs/current/multibyte.html
var encodings = map[string]encoding.Encoding{
	// Bytes beyond ASCII are letters that nobody interprets.
	"sql_ascii": charmap.ISO8859_1,

	"sjis": japanese.ShiftJIS, "euc_jp": japanese.EUCJP,
	"big5": traditionalchinese.Big5,
	"gbk":  simplifiedchinese.GBK, "euc_cn": simplifiedchinese.GBK, "gb18030": simplifiedchinese.GB18030,
	"euc_kr": korean.EUCKR, "uhc": korean.EUCKR,
	"latin1": charmap.ISO8859_1, "latin2": charmap.ISO8859_2, "latin3": charmap.ISO8859_3,
	"latin4": charmap.ISO8859_4, "latin5": charmap.ISO8859_9, "latin6": charmap.ISO8859_10,
	"latin7": charmap.ISO8859_13, "latin8": charmap.ISO8859_14, "latin9": charmap.ISO8859_15,
	"latin10":    charmap.ISO8859_16,
	"iso_8859_5": charmap.ISO8859_5, "iso_8859_6": charmap.ISO8859_6,
	"iso_8859_7": charmap.ISO8859_7, "iso_8859_8": charmap.ISO8859_8,
	"koi8r": charmap.KOI8R, "koi8u": charmap.KOI8U,
	"win866": charmap.CodePage866, "win874": charmap.Windows874,
	"win1250": charmap.Windows1250, "win1251": charmap.Windows1251, "win1252": charmap.Windows1252,
	"win1253": charmap.Windows1253, "win1254": charmap.Windows1254, "win1255": charmap.Windows1255,
	"win1256": charmap.Windows1256, "win1257": charmap.Windows1257, "win1258": charmap.Windows1258,
}

// ToUTF8 returns the text in UTF-8, as the server reads it under a client encoding.
// It returns false where that cannot be told: the encoding is not known, or a
// character is not valid in it. The result may be sql itself.
func ToUTF8(sql []byte, clientEncoding string) ([]byte, bool) {
	if IsASCII(sql) {
		return sql, true
	}
	name := strings.ToLower(clientEncoding)
	if name == "utf8" || name == "sql_ascii" && utf8.Valid(sql) {
		return sql, utf8.Valid(sql)
	}
	known, ok := encodings[name]
	if !ok {
		return sql, false
	}
	text, err := known.NewDecoder().Bytes(sql)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return sql, false
	}
	return text, true
}

// IsASCII tells whether a text reads the same in every client encoding.
func IsASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
