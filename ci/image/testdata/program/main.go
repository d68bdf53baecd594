// Command program is put into images by tests. It has one dependency, which the bill of materials
// lists, and compiles within seconds for another architecture.
package main

import (
	"fmt"
	"os"

	"github.com/go-playground/validator/v10"
)

func main() {
	if err := validator.New().Var(os.Args[0], "required"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
