// `@dfinity/agent` and its companions, as far as the checks need their own words.
export * from "@dfinity/agent";
export { IDL } from "@dfinity/candid";
export * from "@dfinity/identity";
export { Secp256k1KeyIdentity } from "@dfinity/identity-secp256k1";
export { Principal } from "@dfinity/principal";

import { LookupStatus } from "@dfinity/agent";

/// What a failed call says about its rejection. The errors of this package are never instances of their own classes.
export const rejection = (error) => {
  const said = error.result ?? error;
  // A query's answer, or an update call's before it was received.
  const uncertified = error.result !== undefined || "reject_code" in (error.response?.body ?? {});
  return {
    certified: !uncertified && error.response !== undefined,
    uncertified,
    rejectCode: said.reject_code,
    errorCode: said.error_code,
    message: said.reject_message,
  };
};

/// The options of `Certificate.create` that say whom the certificate is about.
export const about = (canisterId) => ({ canisterId });

export const lookup = (certificate, path) => {
  const found = certificate.lookup(path);
  return found.status === LookupStatus.Found ? new Uint8Array(found.value) : undefined;
};
