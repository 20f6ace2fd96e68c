#include "gateway/decoys.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace rolegate::gateway {

Decoys::Decoys(std::span<const config::GatewayUser> users) {
  std::vector<const base::ScramVerifier*> verifiers;
  for (const config::GatewayUser& user : users) {
    if (user.scram) verifiers.push_back(&*user.scram);
  }
  // Whatever order the file has them in.
  std::ranges::sort(verifiers, {}, [](const base::ScramVerifier* each) { return each->stored_key; });
  base::Sha256 key;
  for (const base::ScramVerifier* verifier : verifiers) {
    key.update(verifier->stored_key).update(verifier->server_key);
    forms_.push_back({verifier->iterations, verifier->salt.size()});
  }
  key_ = key.finish();
  if (forms_.empty()) forms_.push_back({base::ScramVerifier{}.iterations, 16});
}

base::ScramVerifier Decoys::of(std::string_view user) const {
  base::HmacSha256 hmac(key_);
  const auto derive = [&](std::string_view purpose) {
    return hmac.sign(std::string(purpose).append(1, '\0').append(user));
  };
  const base::Sha256Digest choice = derive("form");
  std::uint64_t number = 0;
  std::memcpy(&number, choice.data(), sizeof number);
  const Form& form = forms_[number % forms_.size()];
  base::ScramVerifier verifier;
  verifier.iterations = form.iterations;
  for (const std::string_view half : {"salt", "more salt"}) {
    const base::Sha256Digest bytes = derive(half);
    verifier.salt.append(bytes.begin(), bytes.end());
  }
  verifier.salt.resize(form.salt_size);
  verifier.stored_key = derive("StoredKey");
  verifier.server_key = derive("ServerKey");
  return verifier;
}

base::ScramVerifier never_right(base::ScramVerifier verifier) {
  verifier.stored_key.fill(0);  // the SHA-256 of nothing that anybody could find
  return verifier;
}

}  // namespace rolegate::gateway
