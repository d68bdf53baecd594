package backup

// WebPushKeys is the name of the part that holds a VAPID in JSON. A browser's push subscription is
// bound to these keys: an installation with others cannot reach it.
const WebPushKeys = "vapid.json"

// VAPID are the keys of web push (RFC 8292).
type VAPID struct {
	Public  string `json:"public"`
	Private string `json:"private"`
}
