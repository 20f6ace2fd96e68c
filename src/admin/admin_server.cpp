#include "admin/admin_server.hpp"

namespace rolegate::admin {

base::Result<std::unique_ptr<HttpServer>> start_admin_server(const base::ListenAddress& listen,
                                                             const Sources& sources) {
  return start_http_server(listen, gateway_pages(sources), sources.clock, sources.log);
}

}  // namespace rolegate::admin
