package plan

import "slices"

// These are the paths of the test reports.
const (
	JUnit    = Dist + "/junit.xml"
	Coverage = Dist + "/coverage.out"
)

const (
	postgresImage = "postgres:17@sha256:d74eeac9a635390a49bc21bd49fccd973de707e2a53a76ac49b552b8712ec46f"
	// redpandaImage has the version that the stacks' operator runs (infra/platform). Renovate adds
	// its digest.
	redpandaImage = "redpandadata/redpanda:v26.1.15"
)

// testPackages are Debian packages that the tests start or compile with.
var testPackages = []string{"make", "gcc", "libc6-dev", "postgresql"}

// Test runs the test suite with reports, the scenarios on Apache Kafka, and an installation on
// Redpanda.
func Test(p Project) Plan {
	step := Step{
		// The tests of the pipeline and of the documents ask git about the repository.
		Image: goImage, Packages: testPackages, Env: goEnv(nil), Sources: slices.Concat(repositoryFiles, allCode),
	}
	suite, scenarios := step, step
	suite.Name = "tests"
	suite.Args = []string{"make", "test", "JUNIT=" + JUnit, "COVERAGE=" + Coverage}
	suite.Reports, suite.Always = []string{JUnit, Coverage}, true
	suite.Services = []Service{{
		Name: "postgres", Image: postgresImage, Port: 5432,
		Args: []string{"postgres", "-c", "max_connections=500", "-c", "fsync=off"},
		// The database lives as long as the step. No other program can reach it.
		Env:      map[string]string{"POSTGRES_HOST_AUTH_METHOD": "trust"},
		Variable: "TEST_DATABASE_URL", URL: "postgres://postgres@postgres:5432/postgres?sslmode=disable",
	}}
	scenarios.Name = "scenarios on Kafka"
	// A scenario that breaks the broker starts its own. A shared broker beside the container would
	// break the others.
	scenarios.Packages = append([]string{"default-jre-headless", "maven"}, testPackages...)
	scenarios.Args = []string{"make", "test-brokers", "BROKERS=kafka"}
	redpanda := step
	redpanda.Name = "installation on Redpanda"
	redpanda.Args = []string{"go", "run", "./tests/smoke", "-start"}
	redpanda.Env = goEnv(map[string]string{"BROKER": "kafka-plaintext"})
	redpanda.Services = []Service{{
		Name: "redpanda", Image: redpandaImage, Port: 9092,
		Args: []string{
			"redpanda", "start", "--mode", "dev-container", "--smp", "1", "--memory", "1G",
			"--kafka-addr", "0.0.0.0:9092", "--advertise-kafka-addr", "redpanda:9092",
		},
		Variable: "KAFKA_BROKERS", URL: "redpanda:9092",
	}}
	return Plan{{suite}, {scenarios}, {redpanda}}
}
