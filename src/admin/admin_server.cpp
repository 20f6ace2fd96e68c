#include "admin/admin_server.hpp"

#include <utility>

#include "admin/http/server.hpp"
#include "admin/pages/gateway_pages.hpp"

namespace rolegate::admin {

std::string_view code_name(Errc code) {
  switch (code) {
    case Errc::admin_listen_failed:
      return "admin_listen_failed";
  }
  return {};
}

base::Result<std::unique_ptr<AdminServer>> start_admin_server(const config::ListenAddress& listen,
                                                              Sources sources) {
  const base::Clock& clock = sources.clock;
  base::Log& log = sources.log;
  return serve_pages(listen, std::make_unique<GatewayPages>(std::move(sources)), clock, log);
}

}  // namespace rolegate::admin
