package dev.nippush.server;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which configuration a command goes by. */
final class ConfigOption {

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "A properties file in UTF-8. Each key can come from the environment too, which wins:"
                    + " apns.key-id is NIP_PUSH_APNS_KEY_ID. Relative paths start from the directory of the file; in"
                    + " variables, from the working directory.")
    private @Nullable Path file;

    /** Reads it, and sets how much is logged. */
    ServerConfig read(Map<String, String> environment) throws ConfigException {
        ServerConfig config = ConfigReader.read(
                Optional.ofNullable(file), environment, Path.of("").toAbsolutePath());
        Logs.configure(config.logLevel());
        return config;
    }
}
