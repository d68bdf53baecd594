package event

// Message is an event on its way to a topic.
type Message struct {
	// Key is the partition key: the user's id.
	Key string
	// CloudEvent is the event in JSON.
	CloudEvent []byte
}
