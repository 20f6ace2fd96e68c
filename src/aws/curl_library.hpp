#pragma once

#include <curl/curl.h>

#include "base/error.hpp"

namespace rolegate::aws {

/// The part of libcurl that is used, found at run time. Most logins need no network (an RDS token is
/// computed), and loading libcurl with all that it depends on costs a process about 3 ms; so it is opened at
/// the first request and not linked.
struct CurlLibrary {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_perform) easy_perform = nullptr;
  decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_share_init) share_init = nullptr;
  decltype(&curl_share_setopt) share_setopt = nullptr;
  decltype(&curl_share_cleanup) share_cleanup = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
};

/// libcurl.so.4, opened and initialised by the first caller in the process and never closed; thread-safe.
[[nodiscard]] const base::Result<CurlLibrary>& curl_library();

/// The same from a library of another name: for tests of the error. Does not initialise it.
[[nodiscard]] base::Result<CurlLibrary> open_curl_library(const char* file);

}  // namespace rolegate::aws
