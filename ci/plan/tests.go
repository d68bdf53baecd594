package plan

import "slices"

// TestsFile is the path of the test results that publish attests, as a TestResult.
const TestsFile = Dist + "/tests.json"

// TestResultType is the type of a TestResult as the predicate of an attestation.
const TestResultType = "https://in-toto.io/attestation/test-result/v0.1"

// TestsPassed is the result of tests that all passed.
const TestsPassed = "PASSED"

// TestResult lists the tests that ran on a commit:
// https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
type TestResult struct {
	// Result is PASSED, WARNED or FAILED.
	Result string `json:"result"`
	// Configuration names the tested commit.
	Configuration []TestedCommit `json:"configuration"`
	// URL is the page of the run. It is empty if there is none.
	URL         string   `json:"url,omitempty"`
	PassedTests []string `json:"passedTests"`
	FailedTests []string `json:"failedTests,omitempty"`
}

// TestedCommit is a resource descriptor of in-toto. The digest has the key gitCommit.
type TestedCommit struct {
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest"`
}

// NewTestResult returns the result of tests that passed on a commit. source is the address of the
// repository, which may be empty.
func NewTestResult(source, revision string, passed ...string) TestResult {
	commit := TestedCommit{Digest: map[string]string{"gitCommit": revision}}
	if source != "" {
		commit.URI = "git+" + source
	}
	return TestResult{Result: TestsPassed, Configuration: []TestedCommit{commit}, PassedTests: passed}
}

// Of reports whether the tests ran on the commit.
func (r TestResult) Of(revision string) bool {
	return len(r.Configuration) == 1 && r.Configuration[0].Digest["gitCommit"] == revision
}

// Complete reports whether the tests passed, and at least the commands check and test are among them.
func (r TestResult) Complete() bool {
	return r.Result == TestsPassed && slices.Contains(r.PassedTests, "check") && slices.Contains(r.PassedTests, "test")
}
