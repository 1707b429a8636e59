package agent

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/valelab/valelab/netmap/vale"
)

// refuse makes the error of a request that is at fault.
func refuse(status int, hint, format string, args ...any) error {
	return &StatusError{Status: status, Problem: Problem{Error: fmt.Sprintf(format, args...), Hint: hint}}
}

func invalid(format string, args ...any) error {
	return refuse(http.StatusBadRequest, "", format, args...)
}

func missing(format string, args ...any) error {
	return refuse(http.StatusNotFound, "", format, args...)
}

func conflict(format string, args ...any) error {
	return refuse(http.StatusConflict, "", format, args...)
}

func gone(format string, args ...any) error {
	return refuse(http.StatusGone, "", format, args...)
}

// same is the answer to a PUT of something that is there already.
func same(equal bool, what string) error {
	if equal {
		return nil
	}
	return refuse(http.StatusConflict, "DELETE it first", "%s is there already and differs", what)
}

// problem turns any error into the status and body of a reply.
func problem(err error) (int, Problem) {
	var refused *StatusError
	switch {
	case errors.As(err, &refused):
		return refused.Status, refused.Problem
	case errors.Is(err, vale.ErrFull):
		return http.StatusConflict, Problem{Error: err.Error(), Hint: "a switch has at most 252 ports"}
	}
	return http.StatusInternalServerError, Problem{Error: err.Error()}
}
