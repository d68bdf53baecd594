package system

import (
	"cmp"
	"os"
)

// Promises lists guarantees that only some brokers give. All of them deliver every stored event at
// least once.
type Promises struct {
	// Order means that a user's events first arrive in the order of their publication, even if
	// processes are killed meanwhile.
	Order bool
	// Confirmed means that an event reported as published is stored, even if the broker was killed
	// at that moment. Without this guarantee, "api replay" publishes the event again.
	Confirmed bool
	// History means that an app which subscribes for the first time also gets earlier events.
	History bool
}

var promises = map[string]Promises{
	"nats":            {Order: false, Confirmed: true, History: true},
	"kafka":           {Order: true, Confirmed: true, History: true},
	"kafka-plaintext": {Order: true, Confirmed: true, History: true},
	"redis":           {Order: false, Confirmed: true, History: true},
	"rabbitmq":        {Order: false, Confirmed: false, History: false},
}

// BrokerPromises returns the guarantees of a broker. An empty name stands for the broker that tests
// run on.
func BrokerPromises(name string) Promises { return promises[cmp.Or(name, os.Getenv("BROKER"), "nats")] }
