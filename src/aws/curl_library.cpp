#include "aws/curl_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include "aws/api.hpp"
#include "base/fork_pause.hpp"

namespace rolegate::aws {
namespace {

constexpr const char* kHint = "Install it: apt-get install libcurl4.";

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

}  // namespace

base::Result<CurlLibrary> open_curl_library(const char* file) {
  void* library = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = ::dlerror();
    return base::fail(ApiErrc::http_failed,
                      fmt::format("AWS cannot be asked without libcurl, and {} does not load: {}.", file,
                                  reason != nullptr ? reason : "no reason given"),
                      kHint);
  }
  CurlLibrary curl;
  const bool complete = find(library, "curl_global_init", curl.global_init) &&
                        find(library, "curl_easy_init", curl.easy_init) &&
                        find(library, "curl_easy_cleanup", curl.easy_cleanup) &&
                        find(library, "curl_easy_setopt", curl.easy_setopt) &&
                        find(library, "curl_easy_perform", curl.easy_perform) &&
                        find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
                        find(library, "curl_easy_strerror", curl.easy_strerror) &&
                        find(library, "curl_share_init", curl.share_init) &&
                        find(library, "curl_share_setopt", curl.share_setopt) &&
                        find(library, "curl_share_cleanup", curl.share_cleanup) &&
                        find(library, "curl_slist_append", curl.slist_append) &&
                        find(library, "curl_slist_free_all", curl.slist_free_all);
  if (!complete) {
    ::dlclose(library);
    return base::fail(ApiErrc::http_failed, fmt::format("{} is not a libcurl this program can use.", file),
                      kHint);
  }
  return curl;
}

const base::Result<CurlLibrary>& curl_library() {
  const base::ForkPause no_fork;  // a child would wait for the thread that is loading
  // One per process, because curl_global_init is: a function-local static is initialised by one thread only.
  static const base::Result<CurlLibrary> library = [] {
    auto opened = open_curl_library("libcurl.so.4");
    if (opened && opened->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
      opened = base::fail(ApiErrc::http_failed, "libcurl could not be initialised.", kHint);
    }
    return opened;
  }();
  return library;
}

}  // namespace rolegate::aws
