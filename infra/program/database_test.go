//go:build clouds

package program

import (
	"strings"
	"testing"

	"taskmaster/internal/testkit"
)

// TestAuthorityOfTheDatabase checks that a stack puts the authority of the database's certificate where the
// chart's pods and the address of the database expect it.
func TestAuthorityOfTheDatabase(t *testing.T) {
	t.Parallel()
	authority := string(testkit.NewAuthority(t).PEM)
	s := load(t, "prod")
	s.setSecret("databaseCA", authority)
	resources := mustRender(t, s)
	secret := find(t, resources, "kubernetes:core/v1:Secret", "platform-database")
	if !secret.is("stringData.ca|crt", authority) {
		t.Errorf("the secret of the database is %v", secret.inputs)
	}
	const file = "/database/ca.crt"
	if got := text(at1(t, secret, "stringData.url")); !strings.HasSuffix(got, "&sslrootcert=%2Fdatabase%2Fca.crt") {
		t.Errorf("the address of the database does not name %s", file)
	}
	_, rendered := renderChart(t, find(t, resources, release, "app"), "../chart", "taskmaster", "taskmaster")
	for _, name := range []string{"deployments", "migrate"} {
		if !strings.Contains(rendered["taskmaster/templates/"+name+".yaml"], "mountPath: /database") {
			t.Errorf("%s does not mount the authority", name)
		}
	}
}
