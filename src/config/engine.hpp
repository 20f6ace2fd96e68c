#pragma once

#include <cstdint>
#include <string_view>

namespace rolegate::config {

enum class Engine { postgresql, mysql, redshift };
/// "postgresql", "mysql", "redshift": the URI scheme.
[[nodiscard]] std::string_view engine_name(Engine engine);
/// 5432, 3306, 5439.
[[nodiscard]] std::uint16_t default_port(Engine engine);

}  // namespace rolegate::config
