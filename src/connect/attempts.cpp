#include "connect/attempts.hpp"

namespace rolegate::connect {
namespace {

login::StepName step_of(upstream::Stage stage) {
  switch (stage) {
    case upstream::Stage::connecting:
      return login::StepName::tcp;
    case upstream::Stage::greeting:
    case upstream::Stage::tls:
      return login::StepName::tls;
    case upstream::Stage::handshake:
      break;
  }
  return login::StepName::handshake;
}

}  // namespace

void Stages::reached(upstream::Stage stage) {
  if (stage <= stage_) return;
  if (step_of(stage) != step_of(stage_)) close(std::nullopt);
  stage_ = stage;
}

void Stages::finished() { close(std::nullopt); }

void Stages::failed(const base::Error& error) { close(error); }

void Stages::close(std::optional<base::Error> error) {
  const auto now = std::chrono::steady_clock::now();
  if (steps_ != nullptr) steps_->add(step_of(stage_), now - since_, std::move(detail_), std::move(error));
  detail_.clear();
  since_ = now;
}

}  // namespace rolegate::connect
