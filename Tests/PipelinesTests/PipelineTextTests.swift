import Pipelines
import Testing
import Vocabulary

@Suite("The text of pipeline files")
struct PipelineTextTests {
  private func text(_ bytes: [UInt8]) -> String {
    do throws(PipelineMistakes) {
      return try PipelineParser.text(of: bytes, fileName: "p.yaml")
    } catch {
      return error.description
    }
  }

  @Test("a byte-order mark is passed over")
  func byteOrderMark() throws {
    #expect(try parsed("\u{FEFF}" + minimal()).name == "small")
  }

  @Test("what is not UTF-8 is named, with its place")
  func encodings() {
    #expect(text(Array("name: é".utf8)) == "name: é")
    #expect(text([0xFF, 0xFE, 0x6E, 0]).hasPrefix("p.yaml:1:1: the file is UTF-16, not UTF-8 — "))
    #expect(text([0x6E, 0, 0x61, 0]).contains("UTF-16LE"))
    let latin1 = text(Array("name: a\n# é caf".utf8) + [0xE9])
    #expect(latin1.hasPrefix("p.yaml:2:8: 0xE9 is not UTF-8 (Latin-1"))
  }

  @Test(
    "characters that look like others are named where they stand",
    arguments: [
      ("source:\n\ttopic: t", "2:1: a tab in the indentation"),
      ("name:\u{A0}x\nsource: y\n", "1:6: a no-break space (U+00A0)"),
    ])
  func treacherous(text: String, words: String) {
    let found = report(on: text)
    #expect(found.contains(words), "\(found)")
  }

  @Test("an invisible character in a value is named")
  func invisible() {
    let found = report(on: minimal().replacing("topic: events", with: "topic: events\u{200B}"))
    #expect(found.contains("zero-width space (U+200B)"))
  }

  @Test("a variable as shells write it is refused, and can be meant")
  func shellVariable() throws {
    let found = report(on: minimal(source: "  consumer_group: \"${NAME}\""))
    #expect(found.contains("write ${env:NAME}"))
    #expect(try parsed(minimal(source: "  consumer_group: \"a$${NAME}\"")).source.consumerGroup == "a${NAME}")
    #expect(try parsed(minimal(source: "  consumer_group: \"a${b\"")).source.consumerGroup == "a${b")
  }

  @Test(
    "addresses of brokers that nobody can listen on are mistakes, told without a password",
    arguments: [
      "kafka:99999", "kafka:0", "kafka:-1", "kafka:", ":9092", "kafka:9o92", "a:1,,b:2", "a:1;b:2", "a b",
      "http://kafka:1",
      "user:hunter2@kafka:9092", "kafka:9092/topic", "SSL://u:hunter2@k:1", "[::1]:70000", "a:1,",
    ])
  func badAddress(address: String) {
    #expect(BrokerAddresses.mistake(in: address) != nil)
    let found = report(on: minimal(source: "  brokers: \"\(address)\""))
    #expect(
      found.contains("pipeline.yaml:4:12: source.brokers: ") && found.contains("write bootstrap servers"), "\(found)")
    #expect(!found.contains("hunter2"))
  }

  @Test(
    "addresses as Kafka has them are none",
    arguments: [
      "kafka", "kafka:9092", "kafka-1:9092,kafka-2:9093", "a:1, b:2", "[::1]:9092", "::1", "SASL_SSL://k.example:1",
      "127.0.0.1:65535",
    ])
  func goodAddress(address: String) { #expect(BrokerAddresses.mistake(in: address) == nil) }

  @Test("settings of a protocol that is not spoken are told")
  func protocols() throws {
    let silent = try parsed(minimal(source: "  librdkafka: { sasl.username: u, ssl.ca.location: /x }")).source.remarks
    #expect(silent.count == 2)
    #expect(
      silent[0].hasPrefix("`sasl.username` does nothing with security.protocol plaintext, which it is unless given"))
    #expect(silent[1].hasPrefix("`ssl.ca.location` does nothing"))
    let spoken = minimal(source: "  librdkafka: { security.protocol: SASL_SSL, sasl.username: u, ssl.ca.location: /x }")
    #expect(try parsed(spoken).source.remarks.isEmpty)
  }

  @Test(
    "no form of a secret is shown",
    arguments: [
      "sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem", "ssl.certificate.pem",
      "sasl.oauthbearer.config", "sasl.oauthbearer.client.secret", "sasl.username", "plugin.library.paths",
    ])
  func masked(property: String) throws {
    let pipeline = try parsed(
      minimal(source: "  librdkafka: { security.protocol: sasl_ssl, \(property): \"${env:SECRET}\" }"))
    #expect(pipeline.source.librdkafka[property] == "s3cr3t")
    #expect(!pipeline.effectiveYAML.contains("s3cr3t"))
  }
}
