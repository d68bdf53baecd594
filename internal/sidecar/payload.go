package sidecar

import "encoding/json"

// payload returns the bytes that were published. The subscriptions have rawPayload set: the sidecar does not look into what
// it delivers but wraps it in a CloudEvent of its own. So whatever stands in a topic reaches the service, which judges it.
// Without that a sidecar keeps what is not JSON to itself, and ends with a panic when a traceparent is not a string: the
// event would come again after each restart. What is not wrapped is returned as it is.
func payload(body []byte) []byte {
	var wrapper struct {
		Type       string `json:"type"`
		PubSubName string `json:"pubsubname"`
		Data       []byte `json:"data_base64"`
	}
	if json.Unmarshal(body, &wrapper) != nil || wrapper.Type != "com.dapr.event.sent" || wrapper.PubSubName == "" || wrapper.Data == nil {
		return body
	}
	return wrapper.Data
}
