#include "admin/pages/metric_families.hpp"

#include <limits>
#include <sstream>
#include <vector>

#include <prometheus/text_serializer.h>

namespace rolegate::admin {

using prometheus::MetricType;

Family& Family::add(double value, Labels labels) {
  prometheus::ClientMetric& metric = labelled(labels);
  if (family_.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return *this;
}

Family& Family::add(const gateway::Histogram& histogram, Labels labels) {
  auto& made = labelled(labels).histogram;
  made.sample_sum = histogram.sum;
  made.bucket.reserve(histogram.counts.size());
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    made.sample_count += histogram.counts[i];
    const bool last = i == gateway::kDurationBuckets.size();
    made.bucket.push_back(
        {made.sample_count, last ? std::numeric_limits<double>::infinity() : gateway::kDurationBuckets[i]});
  }
  return *this;
}

prometheus::ClientMetric& Family::labelled(Labels labels) {
  auto& metric = family_.metric.emplace_back();
  metric.label.reserve(labels.size());
  for (const auto& [name, value] : labels) metric.label.push_back({std::string(name), std::string(value)});
  return metric;
}

Family& MetricFamilies::counter(std::string_view name, std::string_view help) {
  return make(name, help, MetricType::Counter);
}

Family& MetricFamilies::gauge(std::string_view name, std::string_view help) {
  return make(name, help, MetricType::Gauge);
}

Family& MetricFamilies::histogram(std::string_view name, std::string_view help) {
  return make(name, help, MetricType::Histogram);
}

Family& MetricFamilies::make(std::string_view name, std::string_view help, MetricType type) {
  return families_.emplace_back(prometheus::MetricFamily{std::string(name), std::string(help), type, {}});
}

std::string MetricFamilies::text() const {
  std::vector<prometheus::MetricFamily> families;
  families.reserve(families_.size());
  for (const Family& family : families_) families.push_back(family.get());
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace rolegate::admin
