package main

import (
	"github.com/dapr/components-contrib/nameresolution/sqlite"
	"github.com/dapr/components-contrib/pubsub/jetstream"
	"github.com/dapr/components-contrib/pubsub/kafka"
	"github.com/dapr/components-contrib/pubsub/rabbitmq"
	"github.com/dapr/components-contrib/pubsub/redis"
	"github.com/dapr/components-contrib/secretstores/local/file"
	postgres "github.com/dapr/components-contrib/state/postgresql/v2"
	"github.com/dapr/dapr/pkg/components/bindings"
	"github.com/dapr/dapr/pkg/components/configuration"
	"github.com/dapr/dapr/pkg/components/conversation"
	"github.com/dapr/dapr/pkg/components/crypto"
	"github.com/dapr/dapr/pkg/components/lock"
	"github.com/dapr/dapr/pkg/components/middleware/http"
	"github.com/dapr/dapr/pkg/components/nameresolution"
	"github.com/dapr/dapr/pkg/components/pubsub"
	"github.com/dapr/dapr/pkg/components/secretstores"
	"github.com/dapr/dapr/pkg/components/state"
	"github.com/dapr/dapr/pkg/runtime/registry"
	"github.com/dapr/kit/logger"
)

// componentTypes returns registries with the types that the folders dapr/components, dapr/state
// and dapr/local use. A test in dapr compares the names. Registries of unused component kinds are empty, so that a
// file of such a kind is rejected by name.
func componentTypes(log logger.Logger) *registry.Options {
	topics := pubsub.NewRegistry()
	topics.Logger = log
	topics.RegisterComponent(jetstream.NewJetStream, "jetstream")
	topics.RegisterComponent(kafka.NewKafka, "kafka")
	topics.RegisterComponent(rabbitmq.NewRabbitMQ, "rabbitmq")
	topics.RegisterComponent(redis.NewRedisStreams, "redis")

	secrets := secretstores.NewRegistry()
	secrets.Logger = log
	secrets.RegisterComponent(file.NewLocalSecretStore, "local.file")

	names := nameresolution.NewRegistry()
	names.Logger = log
	names.RegisterComponent(newRegistrar(sqlite.NewResolver), "sqlite")

	states := state.NewRegistry()
	states.Logger = log
	states.RegisterComponent(postgres.NewPostgreSQLStateStore, "postgresql/v2")

	return registry.NewOptions().
		WithPubSubs(topics).WithSecretStores(secrets).WithNameResolutions(names).
		WithStateStores(states).WithConfigurations(configuration.NewRegistry()).WithLocks(lock.NewRegistry()).
		WithBindings(bindings.NewRegistry()).WithCryptoProviders(crypto.NewRegistry()).
		WithHTTPMiddlewares(http.NewRegistry()).WithConversations(conversation.NewRegistry())
}
