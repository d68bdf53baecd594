package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"taskmaster/ci/plan"
)

// wayOut ends the message for an image that is not proven to be tested.
const wayOut = "publish it again after its tests (ci/README.md), or deploy it with -untested REASON"

// checkTests returns an error if the file does not hold the results of passed tests.
func checkTests(file string) error {
	raw, err := os.ReadFile(file) //nolint:gosec // the plan chooses the file
	if err != nil {
		return err
	}
	var r plan.TestResult
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if !r.Complete() {
		return fmt.Errorf("%s: the result is %q for %v: run check and test", file, r.Result, r.PassedTests)
	}
	return nil
}

// verifyTests checks that each image has test results of the signer, and that all of them passed.
// cosign verifies the signatures and prints the verified statements.
func (c config) verifyTests(cosign func(args []string, out io.Writer) error, out io.Writer) error {
	var errs []error
	for i, args := range c.calls() {
		image := c.images[i]
		var statements bytes.Buffer
		if err := cosign(args, &statements); err != nil {
			errs = append(errs, fmt.Errorf("%s has no test results of the signer: %w: %s", image, err, wayOut))
			continue
		}
		if err := checkStatements(image, statements.Bytes()); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w: %s", image, err, wayOut))
			continue
		}
		fmt.Fprintln(out, "verified the test results of", image)
	}
	return errors.Join(errs...)
}

// statement is an in-toto statement with test results.
type statement struct {
	Subject       []resource      `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     plan.TestResult `json:"predicate"`
}

type resource struct {
	Digest map[string]string `json:"digest"`
}

// checkStatements reads the signed statements about an image, one per line. At least one must be about
// its tests, and none may say that they did not pass.
func checkStatements(image string, lines []byte) error {
	digest, err := name.NewDigest(image)
	if err != nil {
		return err
	}
	found := false
	for line := range bytes.Lines(lines) {
		// https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
		var envelope struct {
			Payload []byte `json:"payload"`
		}
		var s statement
		if err := json.Unmarshal(line, &envelope); err != nil {
			return fmt.Errorf("read the test results: %w", err)
		}
		if err := json.Unmarshal(envelope.Payload, &s); err != nil {
			return fmt.Errorf("read the test results: %w", err)
		}
		if s.PredicateType != plan.TestResultType {
			continue
		}
		if !slices.ContainsFunc(s.Subject, func(r resource) bool { return "sha256:"+r.Digest["sha256"] == digest.DigestStr() }) {
			return errors.New("its test results are about another image")
		}
		switch r := s.Predicate; {
		case r.Result != plan.TestsPassed:
			return fmt.Errorf("its tests %s: %s", r.Result, strings.TrimSpace(strings.Join(r.FailedTests, ", ")+" "+r.URL))
		case !r.Complete():
			return fmt.Errorf("its test results lack check or test: %v", r.PassedTests)
		}
		found = true
	}
	if !found {
		return errors.New("it has no test results")
	}
	return nil
}
