package dev.nippush.fcm;

/** What an operator can do about a refusal: one sentence each, for logs and health reports. */
final class Advice {

    static final String OTHER_PROJECT = "the device's token is of another Firebase project: the app's configuration"
            + " (google-services.json, GoogleService-Info.plist) and the service account must be of the same project";

    static final String NO_APNS_KEY =
            "the Firebase project cannot push to this iPhone or browser: upload the app's APNs"
                    + " key in the Firebase console (Project settings, Cloud Messaging, Apple app configuration), or for browsers"
                    + " the Web Push key pair";

    static final String ACCESS_TOKEN = "FCM refuses the access tokens of this service account: see in the Google Cloud"
            + " console (IAM & Admin, Service Accounts) whether it still exists and is enabled, and set the clock of this"
            + " machine (NTP)";

    static final String NOWHERE =
            "FCM does not know the project, or is not at this endpoint: check the project_id of the"
                    + " service account file and the endpoint";

    /** For a refusal of a device's message while a trial message is taken. */
    static final String DEVICE_ALONE =
            "FCM takes our credentials and refuses this device alone; if it is an iPhone, check"
                    + " the app's APNs key in the Firebase console (Project settings, Cloud Messaging)";

    private static final String ENABLE_API =
            "enable the Firebase Cloud Messaging API (V1) for the project in the Google Cloud console (APIs & Services)";

    private static final String GIVE_ROLE = "give the service account a role that may send, such as Firebase Cloud"
            + " Messaging API Admin (permission cloudmessaging.messages.create; IAM & Admin)";

    private Advice() {}

    /**
     * For a 403 that is about us.
     *
     * @param info the reason in Google's {@code ErrorInfo}; empty if there is none
     */
    static String forbidden(String info) {
        return switch (info) {
            case "SERVICE_DISABLED" -> ENABLE_API;
            case "IAM_PERMISSION_DENIED" -> GIVE_ROLE;
            default -> ENABLE_API + ", and " + GIVE_ROLE;
        };
    }

    /**
     * For a refusal by the token endpoint.
     *
     * @param error its {@code error} (RFC 6749, section 5.2); empty if it names none
     */
    static String noToken(String error) {
        return error.equals("invalid_grant")
                ? "the key of the service account was deleted, or the clock of this machine is wrong: set the clock (NTP), or"
                        + " make a new key in the Firebase console (Project settings, Service accounts) and use its file"
                : "the token endpoint refuses the service account: check that the file is whole and its token_uri"
                        + " is Google's, or make a new key in the Firebase console (Project settings, Service accounts)";
    }
}
