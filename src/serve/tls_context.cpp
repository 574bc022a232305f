// SPDX-License-Identifier: Apache-2.0
#include "serve/tls_context.hpp"

namespace holdfast::serve {

result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(const tls_settings& settings) {
  namespace ssl = boost::asio::ssl;
  auto made = std::make_shared<ssl::context>(ssl::context::tls_server);
  boost::system::error_code failed;
  const auto wrong = [&](const std::filesystem::path& file) {
    return error(errc::no_resources, file.string() + ": " + failed.message());
  };
  made->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
                    ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 | ssl::context::no_compression);
  SSL_CTX_set_options(made->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (made->use_certificate_chain_file(settings.certificate.string(), failed); failed)
    return wrong(settings.certificate);
  if (made->use_private_key_file(settings.key.string(), ssl::context::pem, failed); failed)
    return wrong(settings.key);
  if (SSL_CTX_check_private_key(made->native_handle()) != 1)
    return error(errc::no_resources,
                 settings.key.string() + ": the key is not that of " + settings.certificate.string());
  if (!settings.client_ca.empty()) {
    if (made->load_verify_file(settings.client_ca.string(), failed); failed) return wrong(settings.client_ca);
    made->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, failed);
    // Sessions are not resumed across contexts, nor without the certificate.
    const std::string name = "holdfast";
    SSL_CTX_set_session_id_context(made->native_handle(), reinterpret_cast<const unsigned char*>(name.data()),
                                   static_cast<unsigned>(name.size()));
  }
  return made;
}

}  // namespace holdfast::serve
