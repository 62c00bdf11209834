import Cryptography

/// One numbered step of the database's layout.
package struct Migration: Sendable {
  package let version: Int64
  package let name: String
  package let sql: String

  package init(version: Int64, name: String, sql: String) {
    self.version = version
    self.name = name
    self.sql = sql
  }

  /// As the file in `migrations/` is named.
  package var fileName: String {
    let digits = String(version)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "_\(name).sql"
  }

  /// SHA-256 of the SQL, in hexadecimal.
  package var checksum: String { SHA256.digest(of: sql).hexadecimal }
}
