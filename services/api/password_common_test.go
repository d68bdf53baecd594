package main

import (
	"strings"
	"testing"
)

func TestCommonPasswords(t *testing.T) {
	t.Parallel()
	if n := strings.Count(commonPasswords, "\n"); n < 3000 {
		t.Errorf("the list has %d passwords, want at least 3,000", n)
	}
	a := newTestAPI(t)
	p := a.newPerson(t)
	for password, want := range map[string]int{
		"password": 422, "PassWord1": 422, "12345678": 422, "1qaz2wsx": 422, "TaskMaster2026!": 422,
		p.Email: 422, strings.ToUpper(p.Email): 422, "example.com": 422,
		"password\n12345678": 200, "a task master": 200, "Tr0ub4dor&3": 200,
	} {
		change := map[string]any{"password": password, "current_password": testPassword}
		r := p.send(t, "PATCH", "/api/v1/me", change).want(t, want)
		if want != 422 {
			p.send(t, "PATCH", "/api/v1/me", map[string]any{"password": testPassword, "current_password": password}).want(t, 200)
			continue
		}
		got := decoded[struct{ Errors []struct{ Field string } }](t, r)
		if len(got.Errors) != 1 || got.Errors[0].Field != "password" {
			t.Errorf("%q: got errors %v, want one for the password", password, got.Errors)
		}
		r = a.send(t, "POST", "/api/v1/signup", map[string]any{"email": "p" + p.Email, "password": password})
		if password != p.Email && password != strings.ToUpper(p.Email) {
			r.wantProblem(t, 422, "invalid")
		}
	}
}
