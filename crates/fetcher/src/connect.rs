//! Whom a command asks: the client that its arguments and the environment describe.

use crate::api::{ApiKey, Client, ClientConfig, ConfigError, KEY_VARIABLE, KeyError, RetryPolicy};
use crate::args::EverflowArgs;
use crate::printer::Printer;

/// A client that sends nothing yet; `configure` sets what else is not as usual.
///
/// # Errors
/// Where there is no key, or the address is none that it may be sent to.
pub(crate) fn connect<E: From<KeyError> + From<ConfigError>>(
    everflow: &EverflowArgs,
    configure: impl FnOnce(&mut ClientConfig),
    printer: &Printer,
) -> Result<Client, E> {
    let loaded = ApiKey::load(everflow.api_key_file.as_deref(), std::env::var_os(KEY_VARIABLE))?;
    if let Some(path) = &loaded.file_readable_by_all {
        printer
            .warning(&format!("every user of this machine can read the api key in {}: chmod 600 it", path.display()));
    }
    let mut config = ClientConfig::new(&everflow.base_url, loaded.key);
    config.is_insecure_allowed = everflow.insecure;
    config.retry = RetryPolicy { total_max: everflow.give_up_after, ..RetryPolicy::default() };
    configure(&mut config);
    Ok(Client::new(config)?)
}
