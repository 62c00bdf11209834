import Testing
import Vocabulary

@Suite("Host and port")
struct HostPortTests {
  @Test(
    "names, IPv4 and IPv6 are read and written back",
    arguments: ["name:80", "10.0.0.1:8080", "[::1]:0", "[fe80::1]:65535"])
  func forms(text: String) { #expect(HostPort(text)?.description == text) }

  @Test("an IPv6 host is kept without its brackets")
  func brackets() {
    #expect(HostPort("[::1]:80") == HostPort(host: "::1", port: 80))
    #expect(HostPort(host: "::1", port: 80).description == "[::1]:80")
  }

  @Test(
    "anything else is refused",
    arguments: [
      "", "name", ":80", "name:", "name:65536", "name:-1", "name:+1", "::1:80", "a b:80", "http://a:80", "[]:1",
      "a@b:1",
    ])
  func refusals(text: String) { #expect(HostPort(text) == nil) }
}
