// `@icp-sdk/core`, as far as the checks need its own words.
export * from "@icp-sdk/core/agent";
export { IDL } from "@icp-sdk/core/candid";
export * from "@icp-sdk/core/identity";
export { Secp256k1KeyIdentity } from "@icp-sdk/core/identity/secp256k1";
export { Principal } from "@icp-sdk/core/principal";

import {
  CertifiedRejectErrorCode,
  LookupPathStatus,
  UncertifiedRejectErrorCode,
  UncertifiedRejectUpdateErrorCode,
} from "@icp-sdk/core/agent";

/// What a failed call says about its rejection.
export const rejection = ({ code }) => ({
  certified: code instanceof CertifiedRejectErrorCode,
  uncertified: code instanceof UncertifiedRejectErrorCode || code instanceof UncertifiedRejectUpdateErrorCode,
  rejectCode: code.rejectCode,
  errorCode: code.rejectErrorCode,
  message: code.rejectMessage,
});

/// The options of `Certificate.create` that say whom the certificate is about.
export const about = (canisterId) => ({ principal: { canisterId } });

export const lookup = (certificate, path) => {
  const found = certificate.lookup_path(path);
  return found.status === LookupPathStatus.Found ? new Uint8Array(found.value) : undefined;
};
