-- An account is told of what is done with its password, its second factor and its tokens.
ALTER TABLE account_mails DROP CONSTRAINT account_mails_kind;
ALTER TABLE account_mails ADD CONSTRAINT account_mails_kind CHECK (kind IN (
    'PASSWORD_RESET', 'EMAIL_VERIFICATION', 'EMAIL_CHANGED', 'NEW_SIGN_IN', 'PASSWORD_CHANGED',
    'SECOND_FACTOR_ENABLED', 'SECOND_FACTOR_DISABLED', 'SECOND_FACTOR_REMOVED', 'RECOVERY_CODE_USED',
    'ACCESS_TOKEN_CREATED'
));
