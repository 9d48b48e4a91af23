// The page at /ui/: files without any data of the cluster, which it asks for as every other client does.
#include <string>

#include "cluster/http/message/problem.hpp"
#include "cluster/http/page/page_files.hpp"
#include "cluster/http/routes/router.hpp"

namespace millrace::http {

// Scripts and styles of the page alone; no other site may show it in a frame, or be told from where a link was
// followed.
HttpResponse Router::page(const HttpRequest& request) {
  if (request.target == "/ui") return to_page(request);
  const std::string name = request.path.size() < 2 ? "index.html" : request.path.back();
  for (const PageFile& file : page_files()) {
    if (request.path.size() > 2 || file.name != name) continue;
    HttpResponse response;
    response.content_type = file.type;
    response.body = file.text;
    response.headers = {
        {"Content-Security-Policy",
         "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
         "object-src 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cache-Control", "no-cache"}};
    return response;
  }
  return problem(404, "not_found", "there is nothing here");
}

HttpResponse Router::to_page(const HttpRequest& /*request*/) {
  HttpResponse response;
  response.status = 307;
  response.content_type = "text/plain";
  response.headers.emplace_back("Location", "/ui/");
  return response;
}

}  // namespace millrace::http
