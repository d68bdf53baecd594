package plan

import "slices"

// Settings are the names of environment variables that a step gets from the pipeline's environment.
// This file declares all of them, each with its kind.
type Settings struct {
	// Variables hold ids, regions, projects, switches and addresses. Any output may show them.
	Variables []string
	// Secrets are hidden: the engine replaces their values in all output. A variable must not be
	// among them, because the value of ARM_USE_OIDC, "true", would break every JSON document.
	Secrets []string
	// SecretFiles name files that hold a secret.
	SecretFiles []string
}

const (
	registryPassword = "REGISTRY_PASSWORD"

	cosignKey      = "COSIGN_KEY"
	cosignPassword = "COSIGN_PASSWORD"
	// GitHub Actions sets both for a job that may write id-tokens.
	idTokenURL   = "ACTIONS_ID_TOKEN_REQUEST_URL"
	idTokenToken = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"

	slackWebhook = "SLACK_WEBHOOK_URL"
	githubToken  = "GITHUB_TOKEN" //nolint:gosec // the name of a variable
)

// These are the settings by purpose.
var (
	// Registry logs in at the registry.
	Registry = Settings{Secrets: []string{registryPassword}}
	// Workflow signs as the GitHub Actions workflow.
	Workflow = Settings{Variables: []string{idTokenURL}, Secrets: []string{idTokenToken}}
	// Key signs with a key.
	Key = Settings{Secrets: []string{cosignKey, cosignPassword}}
	// Messengers send notifications and describe the GitHub Actions job. A receiver without a secret
	// gets no notification.
	Messengers = Settings{
		Variables: []string{"GITHUB_API_URL", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA", "GITHUB_REF", "GITHUB_RUN_ID"},
		Secrets:   []string{slackWebhook, githubToken},
	}
	// Credentials log in at Pulumi and the clouds.
	Credentials = Settings{
		Variables: []string{
			"PULUMI_BACKEND_URL", "AWS_REGION",
			"ARM_CLIENT_ID", "ARM_TENANT_ID", "ARM_SUBSCRIPTION_ID", "ARM_USE_OIDC", "ARM_OIDC_REQUEST_URL", idTokenURL, "AZURE_STORAGE_ACCOUNT",
			"GOOGLE_PROJECT",
			"OCI_CLI_USER", "OCI_CLI_TENANCY", "OCI_CLI_FINGERPRINT", "OCI_CLI_REGION",
			"TF_VAR_user_ocid", "TF_VAR_tenancy_ocid", "TF_VAR_fingerprint", "TF_VAR_region",
		},
		Secrets: []string{
			"PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE",
			"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
			"ARM_CLIENT_SECRET", "ARM_OIDC_TOKEN", "ARM_OIDC_REQUEST_TOKEN", idTokenToken, "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN",
			"GOOGLE_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN",
			"OCI_CLI_KEY_CONTENT", "TF_VAR_private_key",
		},
		SecretFiles: []string{
			"KUBECONFIG", "PULUMI_CONFIG_PASSPHRASE_FILE", "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
			"AWS_WEB_IDENTITY_TOKEN_FILE", "ARM_OIDC_TOKEN_FILE_PATH",
		},
	}
)

// AllSettings are the settings of all purposes.
var AllSettings = Settings{}.With(Registry).With(Workflow).With(Key).With(Messengers).With(Credentials)

// With returns the settings with more of them.
func (s Settings) With(more Settings) Settings {
	return Settings{
		Variables: slices.Concat(s.Variables, more.Variables), Secrets: slices.Concat(s.Secrets, more.Secrets),
		SecretFiles: slices.Concat(s.SecretFiles, more.SecretFiles),
	}
}

// Names returns the names of all kinds.
func (s Settings) Names() []string { return slices.Concat(s.Variables, s.Secrets, s.SecretFiles) }

// Available returns the settings that have a value.
func (s Settings) Available(getenv func(string) string) Settings {
	set := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return getenv(name) == "" })
	}
	return Settings{Variables: set(s.Variables), Secrets: set(s.Secrets), SecretFiles: set(s.SecretFiles)}
}
