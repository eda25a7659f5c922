package dev.nippush.server;

import dev.nippush.address.Privacy;
import dev.nippush.event.StrictJson;
import dev.nippush.server.ConfigException.Problem;
import dev.nippush.server.ServerConfig.Apns;
import dev.nippush.server.ServerConfig.ApnsCertificate;
import dev.nippush.server.ServerConfig.ApnsEnvironment;
import dev.nippush.server.ServerConfig.ApnsIdentity;
import dev.nippush.server.ServerConfig.ApnsTokenKey;
import dev.nippush.server.ServerConfig.Fcm;
import dev.nippush.server.ServerConfig.Identity;
import dev.nippush.server.ServerConfig.Listen;
import dev.nippush.server.ServerConfig.Origins;
import dev.nippush.server.ServerConfig.Relays;
import dev.nippush.server.ServerConfig.Store;
import dev.nippush.server.ServerConfig.UnifiedPush;
import dev.nippush.transport.PushLimit;
import dev.nippush.transport.RetryPolicy;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Reads a configuration from a properties file and the environment, which wins. All that is wrong is reported at once.
 *
 * <p>A relative path starts from the directory of the file that names it, and from the working directory when a variable
 * or a default names it. An empty value is an empty list; for other keys it is an error in the file. An empty variable
 * counts as absent.
 */
final class ConfigReader {

    private static final long MAX_FILE_BYTES = 1 << 20;
    private static final int LONGEST_NAME = 64;
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    /** What Kubernetes puts into every container next to a service called nip-push. */
    private static final Pattern SERVICE_LINK =
            Pattern.compile("NIP_PUSH_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT|PORT_[0-9]+_.*)");

    /** A value and where it was said. */
    private record Setting(String text, String where, Path base) {}

    private final Path workingDirectory;
    private final Map<String, Setting> settings = new HashMap<>();
    private final List<Problem> problems = new ArrayList<>();
    private final Set<String> broken = new HashSet<>();

    private ConfigReader(Path workingDirectory) {
        this.workingDirectory = workingDirectory;
    }

    /**
     * Reads.
     *
     * @param file a properties file in UTF-8; empty for the environment alone
     * @param environment the variables of the process
     * @param workingDirectory absolute
     * @throws ConfigException when anything is wrong
     */
    static ServerConfig read(Optional<Path> file, Map<String, String> environment, Path workingDirectory)
            throws ConfigException {
        ConfigReader reader = new ConfigReader(workingDirectory);
        if (file.isPresent()) {
            reader.readFile(file.get());
        }
        reader.readEnvironment(environment);
        ServerConfig config = reader.build(file.isPresent());
        if (!reader.problems.isEmpty()) {
            throw new ConfigException(reader.problems);
        }
        return config;
    }

    private void readFile(Path file) {
        String text;
        try {
            if (Files.size(file) > MAX_FILE_BYTES) {
                problems.add(new Problem(file.toString(), "", "is larger than a configuration can be"));
                return;
            }
            text = decode(Files.readAllBytes(file));
            List<PropertiesText.Entry> entries = PropertiesText.parse(text);
            Path base = workingDirectory.resolve(file).toAbsolutePath().getParent();
            Map<String, Integer> lines = new HashMap<>();
            for (PropertiesText.Entry entry : entries) {
                readEntry(file + ":" + entry.line(), base, entry, lines);
            }
        } catch (PropertiesText.SyntaxException e) {
            problems.add(new Problem(file + ":" + e.line(), "", e.getMessage()));
        } catch (NoSuchFileException e) {
            problems.add(new Problem(file.toString(), "", "there is no such file"));
        } catch (IOException e) {
            problems.add(new Problem(file.toString(), "", "cannot be read: " + Reasons.of(e)));
        }
    }

    private void readEntry(String where, Path base, PropertiesText.Entry entry, Map<String, Integer> lines) {
        String name = entry.key();
        Integer former = lines.putIfAbsent(name, entry.line());
        Optional<ConfigKey<?>> key = keyNamed(name);
        if (key.isEmpty()) {
            problems.add(new Problem(
                    where,
                    "",
                    "unknown key " + shown(name) + "; the nearest known one is " + nearest(name, ConfigKey::name)));
        } else if (former != null) {
            problems.add(new Problem(where, name, "is there twice; the first time on line " + former));
        } else if (entry.value().isEmpty() && !key.get().list()) {
            problems.add(new Problem(where, name, "has no value; remove the line, or comment it out with #"));
        } else {
            settings.put(name, new Setting(entry.value(), where, base));
        }
    }

    private void readEnvironment(Map<String, String> environment) {
        Map<String, ConfigKey<?>> variables = new HashMap<>();
        ConfigKeys.ALL.forEach(key -> variables.put(key.variable(), key));
        // Sorted, so that the same environment gives the same text.
        new TreeMap<>(environment).forEach((variable, value) -> {
            if (!variable.startsWith(ConfigKey.VARIABLE_PREFIX)
                    || SERVICE_LINK.matcher(variable).matches()) {
                return;
            }
            ConfigKey<?> key = variables.get(variable);
            if (key == null) {
                problems.add(new Problem(
                        "environment",
                        "",
                        "unknown variable " + shown(variable) + "; the nearest known one is "
                                + nearest(variable, ConfigKey::variable)));
            } else if (!value.isBlank()) {
                settings.put(key.name(), new Setting(value.strip(), variable, workingDirectory));
            }
        });
    }

    private ServerConfig build(boolean fromFile) {
        Identity identity = new Identity(optional(ConfigKeys.KEY_FILE), required(ConfigKeys.DATA_DIR));
        Store store = new Store(
                optional(ConfigKeys.STORE_URL)
                        .orElse(Store.SQLITE + identity.dataDir().resolve(Store.FILE)),
                optional(ConfigKeys.STORE_PASSWORD));
        Relays relays = new Relays(required(ConfigKeys.HOME), required(ConfigKeys.ALLOW));
        Listen listen =
                new Listen(required(ConfigKeys.LISTEN), required(ConfigKeys.FEEDERS), required(ConfigKeys.PROXIES));
        Optional<Apns> apns = apns();
        Optional<Fcm> fcm = fcm();
        Optional<UnifiedPush> unifiedPush = unifiedPush();
        boolean printing = !fromFile && settings.keySet().stream().noneMatch(ConfigReader::isOfTransport);
        if (!printing && apns.isEmpty() && fcm.isEmpty() && unifiedPush.isEmpty() && problems.isEmpty()) {
            problems.add(new Problem(
                    where(ConfigKeys.UNIFIED_PUSH_ENABLED),
                    "",
                    "no transport is left: set " + ConfigKeys.UNIFIED_PUSH_ENABLED.name()
                            + "=true, or configure apns.* or fcm.*"));
        }
        return new ServerConfig(
                identity,
                store,
                relays,
                listen,
                required(ConfigKeys.HEARTBEAT_TIMEOUT),
                retryPolicy(),
                new PushLimit(required(ConfigKeys.DEVICE_BURST), required(ConfigKeys.DEVICE_INTERVAL)),
                required(ConfigKeys.LANGUAGE),
                printing,
                apns,
                fcm,
                unifiedPush,
                required(ConfigKeys.ACCOUNTS_PER_DEVICE),
                required(ConfigKeys.RETENTION),
                required(ConfigKeys.LOG_LEVEL),
                origins());
    }

    private RetryPolicy retryPolicy() {
        Duration initial = required(ConfigKeys.RETRY_INITIAL);
        Duration max = required(ConfigKeys.RETRY_MAX);
        if (max.compareTo(initial) < 0) {
            ConfigKey<?> said =
                    settings.containsKey(ConfigKeys.RETRY_MAX.name()) ? ConfigKeys.RETRY_MAX : ConfigKeys.RETRY_INITIAL;
            problems.add(new Problem(
                    where(said),
                    said.name(),
                    ConfigKeys.RETRY_MAX.name() + " ("
                            + Values.text(max) + ") is below " + ConfigKeys.RETRY_INITIAL.name() + " ("
                            + Values.text(initial)
                            + ")"));
            return RetryPolicy.standard();
        }
        return new RetryPolicy(initial, max, required(ConfigKeys.LIFETIME));
    }

    private Optional<Apns> apns() {
        Optional<Path> keyFile = optional(ConfigKeys.APNS_KEY_FILE);
        Optional<String> keyId = optional(ConfigKeys.APNS_KEY_ID);
        Optional<String> teamId = optional(ConfigKeys.APNS_TEAM_ID);
        Optional<Path> certificate = optional(ConfigKeys.APNS_CERTIFICATE_FILE);
        List<String> topics = required(ConfigKeys.APNS_TOPICS);
        ApnsEnvironment environment = required(ConfigKeys.APNS_ENVIRONMENT);
        Optional<HostPort> server = optional(ConfigKeys.APNS_SERVER);
        Optional<Path> trusted = optional(ConfigKeys.APNS_TRUSTED);
        Privacy privacy = required(ConfigKeys.APNS_PRIVACY);
        if (!isSetInGroup(ConfigKeys.APNS_KEY_FILE.group())) {
            return Optional.empty();
        }
        boolean byToken =
                isSet(ConfigKeys.APNS_KEY_FILE) || isSet(ConfigKeys.APNS_KEY_ID) || isSet(ConfigKeys.APNS_TEAM_ID);
        boolean byCertificate = isSet(ConfigKeys.APNS_CERTIFICATE_FILE);
        boolean complete = true;
        if (byToken && byCertificate) {
            problems.add(new Problem(
                    where(ConfigKeys.APNS_CERTIFICATE_FILE),
                    ConfigKeys.APNS_CERTIFICATE_FILE.name(),
                    "is there besides a token key; only one of the two can be used"));
            complete = false;
        } else if (byToken) {
            complete = complete(ConfigKeys.APNS_KEY_FILE, ConfigKeys.APNS_KEY_ID, ConfigKeys.APNS_TEAM_ID);
        } else if (!byCertificate) {
            missing(
                    ConfigKeys.APNS_KEY_FILE.group(),
                    "apns.key-file, apns.key-id and apns.team-id, or" + " apns.certificate-file");
            complete = false;
        }
        if (topics.isEmpty() && !isBroken(ConfigKeys.APNS_TOPICS)) {
            missing(ConfigKeys.APNS_KEY_FILE.group(), ConfigKeys.APNS_TOPICS.name());
            complete = false;
        }
        Optional<ApnsIdentity> identity = certificate
                .<ApnsIdentity>map(ApnsCertificate::new)
                .or(() -> keyFile.flatMap(
                        file -> keyId.flatMap(id -> teamId.map(team -> new ApnsTokenKey(file, id, team)))));
        if (!complete || identity.isEmpty() || topics.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Apns(identity.get(), topics, environment, server, trusted, privacy));
    }

    private Optional<Fcm> fcm() {
        Optional<Path> serviceAccount = optional(ConfigKeys.FCM_SERVICE_ACCOUNT);
        Optional<URI> endpoint = optional(ConfigKeys.FCM_ENDPOINT);
        Privacy privacy = required(ConfigKeys.FCM_PRIVACY);
        String group = ConfigKeys.FCM_SERVICE_ACCOUNT.group();
        if (isSetInGroup(group) && !isSet(ConfigKeys.FCM_SERVICE_ACCOUNT)) {
            missing(group, ConfigKeys.FCM_SERVICE_ACCOUNT.name());
        }
        return serviceAccount.map(file -> new Fcm(file, endpoint, privacy));
    }

    private Optional<UnifiedPush> unifiedPush() {
        UnifiedPush unifiedPush = new UnifiedPush(
                required(ConfigKeys.UNIFIED_PUSH_ALLOW),
                optional(ConfigKeys.UNIFIED_PUSH_TRUSTED),
                optional(ConfigKeys.UNIFIED_PUSH_VAPID_KEY_FILE),
                optional(ConfigKeys.UNIFIED_PUSH_VAPID_CONTACT),
                required(ConfigKeys.UNIFIED_PUSH_PRIVACY));
        return required(ConfigKeys.UNIFIED_PUSH_ENABLED) ? Optional.of(unifiedPush) : Optional.empty();
    }

    /** Whether all of these were said; reports those that were not. */
    private boolean complete(ConfigKey<?>... keys) {
        List<String> absent =
                Stream.of(keys).filter(key -> !isSet(key)).map(ConfigKey::name).toList();
        if (!absent.isEmpty()) {
            missing(keys[0].group(), String.join(" and ", absent));
        }
        return absent.isEmpty();
    }

    /** Reports an incomplete group at the first of its keys that was said. */
    private void missing(String group, String absent) {
        ConfigKey<?> said = ConfigKeys.ALL.stream()
                .filter(key -> key.group().equals(group) && isSet(key))
                .findFirst()
                .orElseThrow();
        problems.add(new Problem(where(said), said.name(), "is not enough without " + absent));
    }

    private <T> Optional<T> optional(ConfigKey<T> key) {
        Setting setting = settings.get(key.name());
        if (setting == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(key.parser().parse(setting.text(), setting.base()));
        } catch (IllegalArgumentException e) {
            problems.add(new Problem(setting.where(), key.name(), e.getMessage()));
            broken.add(key.name());
            return Optional.empty();
        }
    }

    /** The value, or the default; also after a problem, so that the next one is found too. */
    private <T> T required(ConfigKey<T> key) {
        return optional(key)
                .orElseGet(() -> key.parser().parse(key.defaultText().orElseThrow(), workingDirectory));
    }

    private boolean isSet(ConfigKey<?> key) {
        return settings.containsKey(key.name());
    }

    private boolean isBroken(ConfigKey<?> key) {
        return broken.contains(key.name());
    }

    private boolean isSetInGroup(String group) {
        return ConfigKeys.ALL.stream().anyMatch(key -> key.group().equals(group) && isSet(key));
    }

    private static boolean isOfTransport(String name) {
        return keyNamed(name)
                .map(ConfigKey::group)
                .filter(group -> group.equals(ConfigKeys.APNS_KEY_FILE.group())
                        || group.equals(ConfigKeys.FCM_SERVICE_ACCOUNT.group())
                        || group.equals(ConfigKeys.UNIFIED_PUSH_ENABLED.group()))
                .isPresent();
    }

    private String where(ConfigKey<?> key) {
        Setting setting = settings.get(key.name());
        return setting == null ? "configuration" : setting.where();
    }

    private Origins origins() {
        Map<String, String> origins = new HashMap<>();
        settings.forEach((name, setting) -> origins.put(name, setting.where()));
        return new Origins(origins);
    }

    private static Optional<ConfigKey<?>> keyNamed(String name) {
        for (ConfigKey<?> key : ConfigKeys.ALL) {
            if (key.name().equals(name)) {
                return Optional.of(key);
            }
        }
        return Optional.empty();
    }

    /** The key whose spelling takes the fewest changes to reach. */
    private static String nearest(String wrong, Function<ConfigKey<?>, String> spelling) {
        // A line may be long, and a name that is this long is near to nothing.
        String start = wrong.substring(0, Math.min(wrong.length(), LONGEST_NAME));
        return ConfigKeys.ALL.stream()
                .map(spelling)
                .min(Comparator.comparingInt(known -> distance(start, known)))
                .orElseThrow();
    }

    /** Levenshtein's distance, blind to case and to which of the three separators is used. */
    private static int distance(String a, String b) {
        String from = a.toLowerCase(Locale.ROOT).replace('_', '-').replace('.', '-');
        String to = b.toLowerCase(Locale.ROOT).replace('_', '-').replace('.', '-');
        int[] above = new int[to.length() + 1];
        Arrays.setAll(above, i -> i);
        for (int i = 1; i <= from.length(); i++) {
            int[] row = new int[to.length() + 1];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int change = from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1;
                row[j] = Math.min(above[j - 1] + change, 1 + Math.min(above[j], row[j - 1]));
            }
            above = row;
        }
        return above[to.length()];
    }

    /** A stranger's name on one line and in bounds: where a value slipped into the key's place, most of it stays unsaid. */
    private static String shown(String name) {
        String printable = name.replaceAll("\\p{Cntrl}", "?");
        return printable.length() <= LONGEST_NAME ? printable : printable.substring(0, LONGEST_NAME) + "…";
    }

    private static String decode(byte[] bytes) throws PropertiesText.SyntaxException {
        try {
            String text = StrictJson.decodeUtf8(bytes);
            return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            throw new PropertiesText.SyntaxException(lineOfBadByte(bytes), "is not UTF-8");
        }
    }

    private static int lineOfBadByte(byte[] bytes) {
        int line = 1;
        int from = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                if (!isUtf8(Arrays.copyOfRange(bytes, from, i))) {
                    return line;
                }
                line++;
                from = i + 1;
            }
        }
        return line;
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            StrictJson.decodeUtf8(bytes);
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }
}
