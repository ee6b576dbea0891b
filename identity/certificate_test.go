package identity

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/url"
	"reflect"
	"testing"
)

func TestCertificateCarriesEveryFieldThatRulesMatch(t *testing.T) {
	uri, err := url.Parse("spiffe://prod/ns/shop")
	if err != nil {
		t.Fatal(err)
	}
	got := CertificateOf(&x509.Certificate{
		Subject: pkix.Name{
			CommonName: "batch-1", Organization: []string{"Shop"}, OrganizationalUnit: []string{"Data", "Ops"},
		},
		Issuer:         pkix.Name{CommonName: "Prod CA"},
		SerialNumber:   big.NewInt(0xbeef),
		DNSNames:       []string{"batch.shop.internal"},
		EmailAddresses: []string{"batch@shop.internal"},
		URIs:           []*url.URL{uri},
	})
	want := &Certificate{
		CommonName: "batch-1", Organization: []string{"Shop"}, Unit: []string{"Data", "Ops"},
		DNS: []string{"batch.shop.internal"}, URI: []string{"spiffe://prod/ns/shop"},
		Email: []string{"batch@shop.internal"}, Issuer: "Prod CA", Serial: "beef",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if CertificateOf(nil) != nil {
		t.Error("a missing certificate became a certificate")
	}
	if CertificateOf(&x509.Certificate{}) == nil {
		t.Error("a certificate without a serial number became none")
	}
}

func TestEveryFieldOfAPatternMustHold(t *testing.T) {
	shown := &Certificate{
		CommonName: "cn", Organization: []string{"o"}, Unit: []string{"ou"}, DNS: []string{"dns"},
		URI: []string{"uri"}, Email: []string{"email"}, Issuer: "issuer",
	}
	full := func() *CertificatePattern {
		return &CertificatePattern{globs("cn"), globs("o"), globs("ou"), globs("dns"), globs("uri"), globs("email"), globs("issuer")}
	}
	if _, ok := full().match(shown); !ok {
		t.Fatal("the full pattern does not match")
	}
	fields := reflect.TypeFor[CertificatePattern]()
	for i := range fields.NumField() {
		pattern := full()
		reflect.ValueOf(pattern).Elem().Field(i).Set(reflect.ValueOf(globs("other")))
		if fact, ok := pattern.match(shown); ok {
			t.Errorf("%s is ignored: %s", fields.Field(i).Name, fact)
		}
	}
}
