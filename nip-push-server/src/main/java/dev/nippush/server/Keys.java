package dev.nippush.server;

import dev.nippush.crypto.KeyPair;
import dev.nippush.unifiedpush.VapidKey;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the server's private keys, or makes them at the first start. */
final class Keys {

    /** In the data directory, where no other file is named. */
    static final String IDENTITY_FILE = "identity.key";

    /** In the data directory, where no other file is named. */
    static final String VAPID_FILE = "vapid.key";

    private static final Logger LOG = LoggerFactory.getLogger(Keys.class);

    private Keys() {}

    /**
     * The key pair that apps encrypt to.
     *
     * @throws ConfigException when the named file holds no key
     * @throws Failure when a file cannot be read or made
     */
    static KeyPair identity(ServerConfig config) throws ConfigException, Failure {
        return find(
                config,
                KeyFile.IDENTITY,
                ConfigKeys.KEY_FILE,
                config.identity().keyFile(),
                IDENTITY_FILE,
                KeyPair::generate);
    }

    /**
     * The key by which push services know this server; empty when it pushes to none.
     *
     * @throws ConfigException when the named file holds no key
     * @throws Failure when a file cannot be read or made
     */
    static Optional<VapidKey> vapid(ServerConfig config) throws ConfigException, Failure {
        if (config.printing() || config.unifiedPush().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(find(
                config,
                KeyFile.VAPID,
                ConfigKeys.UNIFIED_PUSH_VAPID_KEY_FILE,
                config.unifiedPush().get().vapidKeyFile(),
                VAPID_FILE,
                VapidKey::generate));
    }

    /** A file that others may read is used, with a warning: mounted secrets often are. */
    private static <K> K find(
            ServerConfig config,
            KeyFile<K> keys,
            ConfigKey<Path> name,
            Optional<Path> named,
            String otherwise,
            Supplier<K> generator)
            throws ConfigException, Failure {
        Path directory = config.identity().dataDir();
        Path file = named.orElse(directory.resolve(otherwise));
        try {
            Files.createDirectories(directory);
            if (named.isEmpty()) {
                makeUnlessThere(file, keys, generator);
            }
            K key = keys.read(file);
            if (OwnerAlone.isBroken(file)) {
                LOG.warn("others than its owner may read the private key in {}: chmod 600 it", file);
            }
            return key;
        } catch (IllegalArgumentException e) {
            if (named.isPresent()) {
                throw config.origins().error(name, e.getMessage());
            }
            throw new Failure(file + " " + e.getMessage());
        } catch (IOException e) {
            throw new Failure("cannot use the key in " + file, e);
        }
    }

    private static <K> void makeUnlessThere(Path file, KeyFile<K> keys, Supplier<K> generator) throws IOException {
        if (Files.exists(file)) {
            return;
        }
        try {
            keys.create(file, generator.get());
            LOG.info("made a key pair: {}", file);
        } catch (FileAlreadyExistsException e) {
            LOG.debug("another program was faster to make {}", file);
        }
    }
}
