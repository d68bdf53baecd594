package main

import (
	"fmt"
	"os"
)

// writeRunner writes the files that GitHub's runner reads after the step: the summary of the run, and
// the address of the stack for the environment's page. Elsewhere there are none.
func (c config) writeRunner(m message) error {
	if err := appendTo(c.summary, markdown(m)); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	if c.result.URL == "" {
		return nil
	}
	if err := appendTo(c.outputs, "url="+c.result.URL+"\n"); err != nil {
		return fmt.Errorf("write the address: %w", err)
	}
	return nil
}

// appendTo appends text to a file. An empty name does nothing.
func appendTo(name, text string) error {
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the runner names it
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}
