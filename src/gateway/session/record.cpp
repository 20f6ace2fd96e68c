#include "gateway/session/record.hpp"

#include <chrono>

#include <fmt/format.h>

#include "gateway/limits.hpp"

namespace rolegate::gateway {
namespace {

std::chrono::milliseconds lasted(base::SteadyTime began, base::SteadyTime now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - began);
}

}  // namespace

Record::Record(base::Random& random, base::SteadyTime now) : began(now) {
  random.fill({reinterpret_cast<unsigned char*>(&id), sizeof id});
}

AuditRecord Record::opened(const Arrival& arrival, base::WallTime time, const login::Steps& steps) const {
  AuditRecord record = line(AuditRecord::Event::open, arrival, time);
  record.steps = steps.all();
  return record;
}

AuditRecord Record::failed(const Arrival& arrival, base::WallTime time, base::SteadyTime now,
                           std::string_view code, std::string_view message, const login::Steps* steps) const {
  AuditRecord record = line(AuditRecord::Event::fail, arrival, time);
  record.duration = lasted(began, now);
  record.client_group = address_group(arrival.client.group);
  record.user_is_known = user_is_known;
  record.reason = code;
  record.message = message;
  if (steps != nullptr) record.steps = steps->all();
  return record;
}

AuditRecord Record::closed(const Arrival& arrival, base::WallTime time, base::SteadyTime now,
                           std::string_view reason) const {
  AuditRecord record = line(AuditRecord::Event::close, arrival, time);
  record.duration = lasted(began, now);
  record.reason = reason;
  return record;
}

AuditRecord Record::line(AuditRecord::Event event, const Arrival& arrival, base::WallTime time) const {
  AuditRecord record;
  record.event = event;
  record.time = time;
  record.session = fmt::format("{:016x}", id);
  record.listener = arrival.listener->address;
  record.client_address = arrival.client.address;
  record.client_uid = arrival.client.uid;
  record.client_tls = client_tls;
  record.user = user;
  record.authentication = authentication;
  if (database) {
    record.database = database->name;
    record.engine = config::engine_name(database->uri.engine);
  }
  record.upstream = facts.endpoint;
  record.upstream_dial = dialled;
  record.upstream_user = facts.user;
  record.upstream_tls = upstream_tls;
  record.role_arn = facts.role_arn;
  record.request_id = facts.request_id;
  return record;
}

}  // namespace rolegate::gateway
