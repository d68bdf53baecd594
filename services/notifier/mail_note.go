package main

import (
	"fmt"
	"net/url"
	"time"

	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
)

// linkNote returns the text of an e-mail with a link. No stranger can choose a part of it.
func (p *postman) linkNote(l postgres.Link, token string) note {
	minutes := int(delivery.LinkLife / time.Minute)
	n := map[string]note{
		postgres.LinkConfirm: {
			Title:    "Confirm your e-mail address",
			Body:     "TaskMaster sends reminders to this address only after you have confirmed it.",
			Link:     "/confirm",
			LinkText: "Confirm the address",
		},
		postgres.LinkReset: {
			Title:    "Set a new password",
			Body:     "Somebody asked for a new password of the TaskMaster account with this address.",
			Link:     "/reset",
			LinkText: "Set a new password",
		},
		postgres.LinkLeave: {
			Title:    "Agree to another e-mail address",
			Body:     "Somebody who knows your password wants to move your TaskMaster account to another e-mail address. It moves only if you agree here, and if the new address agrees too.",
			Link:     "/confirm",
			LinkText: "Agree to the change",
		},
		postgres.LinkJoin: {
			Title:    "Confirm your new e-mail address",
			Body:     "A TaskMaster account is to have this address from now on.",
			Link:     "/confirm",
			LinkText: "Confirm the new address",
		},
		postgres.LinkSignup: {
			Title:    "Make your TaskMaster account",
			Body:     "Somebody asked for a TaskMaster account with this address. The link leads to the form that makes it.",
			Link:     "/enter",
			LinkText: "Make the account",
		},
	}[l.Purpose]
	n.Subject = n.Title
	n.Description = fmt.Sprintf("The link works once, for %d minutes. If you did not ask for it, do nothing.", minutes)
	parameter := "?token="
	if l.Purpose == postgres.LinkSignup {
		parameter = "?invite="
	}
	n.Link = p.publicURL + n.Link + parameter + url.QueryEscape(token)
	return n
}

// knownNote tells the owner of an account that somebody asked for an account with the same address.
func (p *postman) knownNote() note {
	const title = "You have a TaskMaster account"
	return note{
		Subject: title, Title: title,
		Body: "Somebody tried to sign up with this address. It has an account already, and nothing was changed.",
		Description: "If it was you, log in. If you forgot your password, ask for a new one: " + p.publicURL + "/forgot\n" +
			"If it was not you, do nothing.",
		Link: p.publicURL + "/enter", LinkText: "Log in",
	}
}

// noticeNote returns the text of the notice of a security event.
func (p *postman) noticeNote(m delivery.Mail, u postgres.User) note {
	detail := shorten(oneLine(m.Detail), maxNoteTitle)
	n := map[string]note{
		delivery.NoticeDevice:   {Title: "A new device has logged in", Body: "The device: " + detail + "."},
		delivery.NoticePassword: {Title: "Your password was changed", Body: "All other devices were logged out."},
		delivery.NoticeToken:    {Title: "An API token was made", Body: "Its name: " + detail + ". Whoever has it may use your account."},
		delivery.NoticeAddress:  {Title: "Your e-mail address was changed", Body: "Your TaskMaster account has another e-mail address now. This is the last e-mail to this one."},
	}[m.Notice]
	n.Subject = "TaskMaster: " + n.Title
	n.Description = "When: " + inZone(m.At, u.TimeZone).Format("Mon 2 Jan 2006 15:04 MST") + ".\n" +
		"If it was not you, set a new password and look at the sessions and tokens of your account."
	n.Link, n.LinkText = p.publicURL+"/settings/account", "Look at the account"
	if m.Notice == delivery.NoticeAddress {
		n.Description = "If it was not you, ask the operator of this server for help."
	}
	return n
}
