// Leaks of libraries, which no test of ours is to blame for.

/// Asked by LeakSanitizer. CAF 0.17 does not free a doorman that is closed while its system ends, nor a scribe,
/// with what it has to write.
extern "C" const char* __lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "leak:caf::io::network::default_multiplexer::new_doorman\n"
         "leak:caf::io::network::default_multiplexer::new_scribe\n";
}
