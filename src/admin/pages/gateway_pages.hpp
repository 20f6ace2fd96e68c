#pragma once

#include <optional>
#include <string>

#include "admin/admin_server.hpp"
#include "admin/http/page.hpp"
#include "base/clock.hpp"

namespace rolegate::admin {

/// /startup, /liveness, /readiness and /metrics of a gateway.
class GatewayPages final : public Pages {
 public:
  explicit GatewayPages(Sources sources);

  [[nodiscard]] bool has(std::string_view path) const override;
  [[nodiscard]] Page get(std::string_view path) override;
  [[nodiscard]] std::string list() const override;

 private:
  [[nodiscard]] Page metrics() const;

  const Sources sources_;
  const std::optional<base::WallTime> process_start_;
};

}  // namespace rolegate::admin
