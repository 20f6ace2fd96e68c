#pragma once

#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <prometheus/metric_family.h>

#include "gateway/stats.hpp"

namespace rolegate::admin {

using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::initializer_list<Label>;

/// One metric and its values by label.
class Family {
 public:
  explicit Family(prometheus::MetricFamily family) : family_(std::move(family)) {}

  Family& add(double value, Labels labels = {});
  Family& add(std::uint64_t value, Labels labels = {}) { return add(static_cast<double>(value), labels); }
  Family& add(std::int64_t value, Labels labels = {}) { return add(static_cast<double>(value), labels); }
  Family& add(bool value, Labels labels = {}) { return add(value ? 1.0 : 0.0, labels); }
  Family& add(const gateway::Histogram& histogram, Labels labels);

  [[nodiscard]] const prometheus::MetricFamily& get() const { return family_; }

 private:
  prometheus::ClientMetric& labelled(Labels labels);
  prometheus::MetricFamily family_;
};

/// The metrics of one scrape. They are made anew for each: what they say is counted elsewhere, and what is
/// gone is not shown. A metric without any value yet is there all the same, with its name and its help.
class MetricFamilies {
 public:
  Family& counter(std::string_view name, std::string_view help);
  Family& gauge(std::string_view name, std::string_view help);
  Family& histogram(std::string_view name, std::string_view help);

  /// In the order in which they were made; the references above stay valid.
  [[nodiscard]] std::string text() const;

 private:
  Family& make(std::string_view name, std::string_view help, prometheus::MetricType type);
  std::deque<Family> families_;
};

}  // namespace rolegate::admin
