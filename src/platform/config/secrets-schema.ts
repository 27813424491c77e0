// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are meant literally here
/** The shape of the sections `secrets` (managers that references lead to) and `sealing` (what is stored encrypted). */

import { z } from 'zod';
import { milliseconds } from './schema-words.ts';

const kept = {
  cacheMs: milliseconds(1000)
    .default(60_000)
    .describe('A fetched value is looked at again after this long; a changed one is put in force without a restart.'),
  timeoutMs: milliseconds(100, 300_000)
    .default(10_000)
    .describe('Limit for fetching one value, signing in and further tries included.'),
  allowHttp: z
    .boolean()
    .default(false)
    .describe('Allow addresses with `http:` other than this machine. Secrets then cross the network in clear.'),
};

const tokenFile = z.string().describe('File that the platform keeps a fresh token in. Read at each sign-in.');

const VaultAuth = z
  .strictObject({
    token: z.string().optional().describe('A token, best as a reference. It is renewed as long as it may be.'),
    appRole: z
      .strictObject({
        roleId: z.string().describe('Its role id.'),
        secretId: z.string().optional().describe('Its secret id, where the role wants one. Best as a reference.'),
        mount: z.string().default('approle').describe('Where the method is mounted.'),
      })
      .optional()
      .describe('The AppRole method.'),
    kubernetes: z
      .strictObject({
        role: z.string().describe('The role in Vault.'),
        tokenFile: tokenFile.default('/var/run/secrets/kubernetes.io/serviceaccount/token'),
        mount: z.string().default('kubernetes').describe('Where the method is mounted.'),
      })
      .optional()
      .describe('The Kubernetes method.'),
  })
  .describe('How the gateway signs in; one of these.');

const Vault = z
  .strictObject({
    address: z.string().describe('Where it is: `https://vault.example.com:8200`.'),
    namespace: z.string().optional().describe('Namespace of Vault Enterprise, HCP or OpenBao.'),
    auth: VaultAuth,
    kvVersion: z
      .enum(['auto', '1', '2'])
      .default('auto')
      .describe('Version of the key-value engine. `auto` asks Vault, and takes 2 where it does not tell.'),
    ca: z
      .string()
      .optional()
      .describe('PEM of the authority that signed its certificate: `${file:ca.pem}`. Left out: those Node.js knows.'),
    ...kept,
  })
  .describe('HashiCorp Vault or OpenBao: `${vault:mount/path#field}`.');

const Aws = z
  .strictObject({
    region: z.string().describe('Region of secrets that are not named by an ARN.'),
    endpoint: z.string().optional().describe('Another address of the service, e.g. of a VPC endpoint.'),
    accessKeyId: z.string().optional().describe('Static credentials: access key.'),
    secretAccessKey: z.string().optional().describe('Its secret, best as a reference.'),
    sessionToken: z.string().optional().describe('Session token, if the credentials are temporary.'),
    webIdentity: z
      .strictObject({
        roleArn: z.string().describe('The role to assume: `${env:AWS_ROLE_ARN}` on EKS.'),
        tokenFile: tokenFile.describe('Its token: `${env:AWS_WEB_IDENTITY_TOKEN_FILE}` on EKS.'),
        sessionName: z.string().default('portcullis').describe("Stands in AWS's records."),
        endpoint: z.string().optional().describe('Another address of STS.'),
      })
      .optional()
      .describe('A role by web identity (EKS service accounts).'),
    container: z
      .strictObject({
        url: z
          .string()
          .describe('`http://169.254.170.2${env:AWS_CONTAINER_CREDENTIALS_RELATIVE_URI}` on ECS; the full URI on EKS.'),
        token: z.string().optional().describe('Value of the header Authorization.'),
        tokenFile: tokenFile
          .optional()
          .describe('The same from a file: `${env:AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE}` on EKS.'),
      })
      .optional()
      .describe('The role of a container (ECS tasks, EKS Pod Identity).'),
    ...kept,
  })
  .describe('AWS Secrets Manager: `${aws:name-or-arn#field}`.');

const Gcp = z
  .strictObject({
    serviceAccount: z
      .string()
      .optional()
      .describe("Text of a service account's JSON key, best as a reference. Left out: the metadata server is asked."),
    metadataUrl: z.string().default('http://metadata.google.internal').describe('Where the metadata server is.'),
    endpoint: z
      .string()
      .default('https://secretmanager.googleapis.com')
      .describe('Where the service is; regional secrets have their own address.'),
    ...kept,
  })
  .describe('Google Secret Manager: `${gcp:projects/p/secrets/s#field}`.');

const Azure = z
  .strictObject({
    tenantId: z.string().optional().describe('Directory the client is registered in.'),
    clientId: z.string().optional().describe('The client; of a managed identity, which one.'),
    clientSecret: z.string().optional().describe('Client credentials: its secret, best as a reference.'),
    tokenFile: tokenFile
      .optional()
      .describe('Workload identity instead of a secret: `${env:AZURE_FEDERATED_TOKEN_FILE}`.'),
    managedIdentity: z
      .strictObject({
        url: z
          .string()
          .default('http://169.254.169.254/metadata/identity/oauth2/token')
          .describe('`${env:IDENTITY_ENDPOINT}` on App Service and Container Apps.'),
        header: z.string().optional().describe('`${env:IDENTITY_HEADER}` on App Service and Container Apps.'),
      })
      .optional()
      .describe('The identity of the machine; `{}` on a virtual machine.'),
    authority: z.string().default('https://login.microsoftonline.com').describe('Where tokens are got.'),
    vaultUrl: z
      .string()
      .default('https://{vault}.vault.azure.net')
      .describe('Where vaults are; `{vault}` stands for the name in the reference.'),
    resource: z.string().default('https://vault.azure.net').describe('What tokens are for.'),
    ...kept,
  })
  .describe('Azure Key Vault: `${azure:vault-name/secret#field}`.');

export const Secrets = z
  .strictObject({
    vault: Vault.optional(),
    aws: Aws.optional(),
    gcp: Gcp.optional(),
    azure: Azure.optional(),
  })
  .describe(
    'Secret managers that references lead to. In here, references to variables and files alone are understood. See the guide.',
  );

export const Sealing = z
  .strictObject({
    masterKey: z
      .string()
      .optional()
      .describe(
        'Base64 of 32 random bytes, as a reference: `${vault:portcullis/master#key}`. Left out: the variable PORTCULLIS_MASTER_KEY, if it is set.',
      ),
    oldMasterKeys: z
      .array(z.string())
      .default([])
      .describe('Keys before it, which still open what they sealed until `portcullis secrets rotate` has run.'),
    requireMasterKey: z
      .boolean()
      .default(false)
      .describe('Store no secret without a master key; the key file of the data folder does not count as one.'),
  })
  .describe('The master key over secrets that have to be stored. See the guide.');
