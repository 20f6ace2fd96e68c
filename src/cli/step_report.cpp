#include "cli/step_report.hpp"

#include <numeric>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "base/printable.hpp"
#include "cli/error_report.hpp"
#include "cli/style.hpp"
#include "cli/wrap.hpp"

namespace rolegate::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t kTitleWidth = 16;    ///< "role credentials"
constexpr std::size_t kDurationWidth = 8;  ///< "999.9 ms"

double milliseconds(std::chrono::microseconds duration) {
  return static_cast<double>(duration.count()) / 1000;
}

/// Text below a step: its label where the step's title is, its lines all starting where the text does.
void write_below(Output& out, std::string_view label, std::string_view text) {
  const Paint paint(out.style());
  constexpr std::size_t kIndent = 10;
  out.write(fmt::format("    {}{:<6}{}{}\n", paint.bold(), label, paint.off(),
                        wrapped(text, kIndent, out.style())));
}

void write_error_below(Output& out, const base::Error& error) {
  write_below(out, "error", error.message);
  if (!error.hint.empty()) write_below(out, "hint", error.hint);
  if (error.aws) write_below(out, "AWS", aws_text(*error.aws));
}

void write_step(Output& out, const login::Step& step) {
  const Paint paint(out.style());
  const bool unicode = out.style().unicode;
  const char* mark = step.error ? (unicode ? "✗" : "x") : (unicode ? "✓" : "+");
  std::string line = fmt::format("  {}{}{} {:<{}}  {}{:>{}}{}", step.error ? paint.red() : paint.green(),
                                 mark, paint.off(), login::step_title(step.name), kTitleWidth, paint.dim(),
                                 duration_text(step.duration), kDurationWidth, paint.off());
  if (!step.detail.empty()) line += "  " + base::printable(step.detail);
  out.write(line + "\n");
  if (step.error) write_error_below(out, *step.error);
}

/// The step that the whole failed at; none when it failed between two.
const login::Step* failed_step(const StepReport& report) {
  const bool is_last = !report.steps.empty() && report.steps.back().error;
  return report.failure && is_last ? &report.steps.back() : nullptr;
}

}  // namespace

std::chrono::microseconds StepReport::total() const {
  return std::accumulate(steps.begin(), steps.end(), std::chrono::microseconds(0),
                         [](auto sum, const login::Step& step) { return sum + step.duration; });
}

std::string duration_text(std::chrono::microseconds duration) {
  const double ms = milliseconds(duration);
  if (ms < 1) return fmt::format("{:.2f} ms", ms);
  if (ms < 1000) return fmt::format("{:.1f} ms", ms);
  return fmt::format("{:.2f} s", ms / 1000);
}

void write_step_report(Output& out, const StepReport& report) {
  const Paint paint(out.style());
  out.write(fmt::format("{}{}{}", paint.bold(), base::printable(report.database), paint.off()));
  if (!report.kind_title.empty()) out.write("  " + report.kind_title);
  if (!report.endpoint.empty()) out.write("  " + base::printable(report.endpoint));
  out.write("\n\n");
  for (const auto& step : report.steps) write_step(out, step);

  const std::string total = duration_text(report.total());
  if (!report.failure) {
    out.write(fmt::format("\n{}Logged in{} after {}.\n", paint.green(), paint.off(), total));
  } else if (const auto* step = failed_step(report)) {
    out.write(fmt::format("\n{}Failed{} at {} after {}.\n", paint.red(), paint.off(),
                          login::step_title(step->name), total));
  } else {
    write_error_below(out, *report.failure);
    out.write(fmt::format("\n{}Failed{} after {}.\n", paint.red(), paint.off(), total));
  }
}

json::object step_report_json(const StepReport& report) {
  json::array steps;
  for (const auto& step : report.steps) {
    json::object entry{{"name", login::step_code(step.name)},
                       {"ok", !step.error.has_value()},
                       {"ms", milliseconds(step.duration)},
                       {"detail", step.detail},
                       {"error", nullptr}};
    if (step.error) entry["error"] = error_json(*step.error);
    steps.push_back(std::move(entry));
  }
  json::object json{{"database", report.database},        {"kind", report.kind_code},
                    {"endpoint", report.endpoint},        {"ok", !report.failure.has_value()},
                    {"ms", milliseconds(report.total())}, {"error", nullptr},
                    {"steps", std::move(steps)}};
  if (report.failure) json["error"] = error_json(*report.failure);
  return json;
}

}  // namespace rolegate::cli
