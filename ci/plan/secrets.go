package plan

import "slices"

// registryPassword logs in at the registry.
const registryPassword = "REGISTRY_PASSWORD"

// Secrets are all environment variables that hold a secret. A step gets the ones that it lists, if
// they are set.
var Secrets = slices.Concat([]string{registryPassword}, signers, Messengers, Credentials)

// Credentials log in at Pulumi and the clouds. Some hold no secret and are passed the same way.
var Credentials = []string{
	"PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_BACKEND_URL",
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION",
	"ARM_CLIENT_ID", "ARM_CLIENT_SECRET", "ARM_TENANT_ID", "ARM_SUBSCRIPTION_ID",
	"ARM_USE_OIDC", idTokenURL, idTokenToken, "ARM_OIDC_TOKEN", "ARM_OIDC_REQUEST_TOKEN", "ARM_OIDC_REQUEST_URL", idTokenURL, idTokenToken,
	"AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN",
	"GOOGLE_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_PROJECT",
	"OCI_CLI_USER", "OCI_CLI_TENANCY", "OCI_CLI_FINGERPRINT", "OCI_CLI_REGION", "OCI_CLI_KEY_CONTENT",
	"TF_VAR_user_ocid", "TF_VAR_tenancy_ocid", "TF_VAR_fingerprint", "TF_VAR_region", "TF_VAR_private_key",
}

// SecretFiles are all environment variables that name a file with a secret.
var SecretFiles = []string{
	"KUBECONFIG", "PULUMI_CONFIG_PASSPHRASE_FILE", "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
	"AWS_WEB_IDENTITY_TOKEN_FILE", "ARM_OIDC_TOKEN_FILE_PATH",
}
