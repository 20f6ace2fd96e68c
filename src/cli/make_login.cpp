#include "cli/make_login.hpp"

namespace rolegate::cli {

base::Result<login::Login> make_login(Context& context, const FoundDatabase& found) {
  login::Steps steps;
  auto login = context.login_service().login(found.config.iam_flag(), *found.database,
                                             login_deadline(context.options, *found.database), &steps);
  log_steps(context.log, steps);
  return login;
}

void log_steps(base::Log& log, const login::Steps& steps) {
  for (const auto& step : steps.all()) {
    log.info("{} {} in {} µs{}{}", login::step_title(step.name), step.error ? "failed" : "done",
             step.duration.count(), step.detail.empty() && !step.error ? "" : ": ",
             step.error ? std::string(step.error->code) : step.detail);
  }
}

}  // namespace rolegate::cli
