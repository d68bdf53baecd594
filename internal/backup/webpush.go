package backup

// WebPushKeys is the name of the part with a VAPID in JSON. A browser's push subscription is bound
// to these keys. An installation with other keys cannot reach it.
const WebPushKeys = "vapid.json"

// VAPID holds the keys of web push (RFC 8292).
type VAPID struct {
	Public  string `json:"public"`
	Private string `json:"private"`
}
