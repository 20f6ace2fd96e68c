#include "cli/error_report.hpp"

#include <string>

#include <fmt/format.h>

#include "cli/json_text.hpp"
#include "cli/style.hpp"
#include "cli/wrap.hpp"

namespace rolegate::cli {

std::string aws_text(const base::AwsAnswer& answer) {
  std::string text =
      fmt::format("{}: {} ({} {}", answer.code, answer.message, answer.service, answer.operation);
  if (answer.http_status != 0) text += fmt::format(", HTTP {}", answer.http_status);
  if (!answer.request_id.empty()) text += fmt::format(", request {}", answer.request_id);
  return text + ")";
}

void write_error(Output& err, const base::Error& error) {
  const Style& style = err.style();
  const Paint paint(style);
  // The first line starts after "rolegate: error: "; what follows it is indented by two.
  std::string message = wrapped("rolegate: error: " + error.message, 2, style);
  if (style.colour) message.insert(16, paint.off()).insert(10, paint.red());
  err.write(message + "\n");
  if (!error.hint.empty()) {
    err.write(fmt::format("  {}hint:{} {}\n", paint.bold(), paint.off(), wrapped(error.hint, 8, style)));
  }
  if (error.aws) {
    err.write(
        fmt::format("  {}AWS:{}  {}\n", paint.bold(), paint.off(), wrapped(aws_text(*error.aws), 8, style)));
  }
}

boost::json::object error_json(const base::Error& error) {
  boost::json::object json{{"code", error.code},
                           {"message", error.message},
                           {"hint", error.hint},
                           {"retryable", error.retryable},
                           {"aws", nullptr}};
  if (error.aws) {
    json["aws"] = boost::json::object{{"service", error.aws->service},
                                      {"operation", error.aws->operation},
                                      {"code", error.aws->code},
                                      {"message", error.aws->message},
                                      {"request_id", error.aws->request_id},
                                      {"http_status", error.aws->http_status}};
  }
  return json;
}

ExitStatus report(Output& err, const base::Error& error, bool json) {
  if (json) {
    err.write(json_text(boost::json::object{{"error", error_json(error)}}) + "\n");
  } else {
    write_error(err, error);
  }
  return exit_status(error);
}

}  // namespace rolegate::cli
