package server

import (
	"net/http"
	"strings"
)

// NoneMatch reports whether If-None-Match of a request names an entity tag: as *, or as one of a list.
// It compares weakly (RFC 9110 section 13.1.2).
func NoneMatch(r *http.Request, tag string) bool {
	return hasTag(r.Header.Values("If-None-Match"), func(given string) bool { return strings.TrimPrefix(given, "W/") == tag })
}

// Match reports whether If-Match allows a change of an entity with a strong entity tag: it is absent,
// is *, or names the tag in a list. It compares strongly (RFC 9110 section 13.1.1). given are the values of the header.
func Match(given []string, tag string) bool {
	return strings.Join(given, "") == "" || hasTag(given, func(one string) bool { return one == tag })
}

// hasTag reports whether a header with entity tags is * or has a tag that is.
func hasTag(values []string, is func(string) bool) bool {
	for _, value := range values {
		for tag := range strings.SplitSeq(value, ",") {
			if tag = strings.TrimSpace(tag); tag == "*" || tag != "" && is(tag) {
				return true
			}
		}
	}
	return false
}
