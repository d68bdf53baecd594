package server

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"

	"taskmaster/internal/task"
)

// Validate checks the validate tags of a request's body v, a struct or a pointer to one. It returns
// one error of code invalid that names every bad field by its JSON path.
func Validate(v any) error {
	err := inputValidator().Struct(v)
	if err == nil {
		return nil
	}
	broken, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		return fmt.Errorf("validate %T: %w", v, err)
	}
	fields := make([]task.FieldError, len(broken))
	for i, f := range broken {
		_, path, _ := strings.Cut(f.Namespace(), ".") // without the name of the struct
		fields[i] = task.FieldError{Field: path, Message: describeInput(f)}
	}
	return task.InvalidFields(fields)
}

// inputValidator is created once, because it caches its knowledge of each type.
var inputValidator = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	return v
})

func describeInput(f validator.FieldError) string {
	isNumber := f.Kind() >= reflect.Int && f.Kind() <= reflect.Float64
	switch f.Tag() {
	case "max", "lte":
		if f.Kind() == reflect.String {
			return "has more than " + f.Param() + " characters"
		}
		if isNumber {
			break
		}
		return "has more than " + f.Param() + " entries"
	case "min", "gte":
		if f.Kind() == reflect.String {
			return "has fewer than " + f.Param() + " characters"
		}
		if isNumber {
			break
		}
		return "has fewer than " + f.Param() + " entries"
	}
	return describe(f)
}
