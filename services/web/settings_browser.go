package main

import (
	"strings"

	"taskmaster/internal/task"
)

// browserName returns a readable name for a User-Agent: "Firefox on Linux". It shortens an unknown
// one.
func browserName(userAgent string) string {
	browser, system := "", ""
	// The order matters, because most browsers also name others for compatibility.
	for _, b := range [][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}} {
		if strings.Contains(userAgent, b[0]) {
			browser = b[1]
			break
		}
	}
	for _, s := range [][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Macintosh", "Mac"},
		{"CrOS", "ChromeOS"}, {"Linux", "Linux"}} {
		if strings.Contains(userAgent, s[0]) {
			system = s[1]
			break
		}
	}
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser+system != "":
		return browser + system
	case userAgent == "":
		return "Unknown browser"
	}
	if runes := []rune(userAgent); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return userAgent
}

// isGone reports whether the item to delete is gone already.
func isGone(err error) bool { return task.ErrorCode(err) == task.CodeNotFound }
