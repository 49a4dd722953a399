//! What the contract says about each method, read from the descriptors once, at the start.

mod method;
mod options;
mod request;
mod rules;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

pub use contracts::FILE_DESCRIPTOR_SET;
use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};

pub use method::{Access, Cache, Idempotency, Method, Priority, RequestHash};
pub use options::{CACHE, CONDITIONAL};
use options::{
    access, cache, has_optional_user, has_sensitive, idempotency, is_conditional, is_for_machines,
    priority,
};
pub use request::Request;

/// The methods of a descriptor set.
#[derive(Debug)]
pub struct Contract {
    pool: DescriptorPool,
    methods: HashMap<String, Arc<Method>>,
}

impl Contract {
    /// The contract of this repository.
    pub fn tradewind() -> Arc<Contract> {
        static CONTRACT: LazyLock<Arc<Contract>> = LazyLock::new(|| {
            let contract = Contract::load(FILE_DESCRIPTOR_SET);
            Arc::new(contract.expect("protox wrote the descriptor set at build time"))
        });
        CONTRACT.clone()
    }

    /// That of a process which neither serves nor calls any method of a contract.
    pub fn nothing() -> Arc<Contract> {
        Arc::new(Contract::of(DescriptorPool::new()))
    }

    /// Reads an encoded `google.protobuf.FileDescriptorSet`. Mistakes in a service are told
    /// when it is served.
    pub fn load(descriptor_set: &[u8]) -> Result<Contract, String> {
        let pool = DescriptorPool::decode(descriptor_set).map_err(|error| error.to_string())?;
        Ok(Contract::of(pool))
    }

    /// What these descriptors say, as [`Contract::load`].
    pub fn of(pool: DescriptorPool) -> Contract {
        let services: Vec<_> = pool.services().collect();
        let mut contract = Contract {
            pool,
            methods: HashMap::new(),
        };
        for service in &services {
            contract.add(service);
        }
        contract.add_infrastructure();
        contract
    }

    /// The method with this path.
    pub fn method(&self, path: &str) -> Option<&Arc<Method>> {
        self.methods.get(path)
    }

    /// All methods, in no order.
    pub fn methods(&self) -> impl Iterator<Item = &Arc<Method>> {
        self.methods.values()
    }

    /// The descriptors.
    pub fn descriptors(&self) -> &DescriptorPool {
        &self.pool
    }

    /// Why a service cannot be served.
    pub(crate) fn mistakes(&self, service: &str) -> Vec<String> {
        let Some(descriptor) = self.pool.get_service_by_name(service) else {
            return vec![format!(
                "the descriptor set does not know the service {service}"
            )];
        };
        let paths = descriptor
            .methods()
            .map(|method| path(&descriptor, &method));
        paths
            .filter_map(|path| self.method(&path))
            .flat_map(|method| method.mistakes())
            .collect()
    }

    fn add(&mut self, service: &ServiceDescriptor) {
        for descriptor in service.methods() {
            let path = path(service, &descriptor);
            let method = Method {
                name: path.trim_start_matches('/').into(),
                path: path.as_str().into(),
                optional_user: has_optional_user(&self.pool, &descriptor),
                conditional: is_conditional(&self.pool, &descriptor),
                cache: cache(&self.pool, &descriptor),
                for_machines: is_for_machines(&self.pool, &descriptor),
                access: access(&self.pool, &descriptor),
                priority: priority(&self.pool, &descriptor),
                idempotency: idempotency(&descriptor),
                sensitive_reply: has_sensitive(&self.pool, &descriptor.output(), &mut Vec::new()),
                client_streaming: descriptor.is_client_streaming(),
                server_streaming: descriptor.is_server_streaming(),
                request: Some(Request::of(descriptor.input())),
            };
            self.methods.insert(path, Arc::new(method));
        }
    }

    /// Health is public, reflection wants any token; neither is part of the contract.
    fn add_infrastructure(&mut self) {
        let health = |name: &str, streaming| (format!("/grpc.health.v1.Health/{name}"), streaming);
        let reflection = |version: &str| {
            (
                format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"),
                true,
            )
        };
        let methods = [
            (health("Check", false), Access::Public, Priority::High),
            (health("List", false), Access::Public, Priority::High),
            (health("Watch", true), Access::Public, Priority::High),
            (reflection("v1"), Access::AnyToken, Priority::Low),
            (reflection("v1alpha"), Access::AnyToken, Priority::Low),
        ];
        for ((path, server_streaming), access, priority) in methods {
            let method = Method {
                name: path.trim_start_matches('/').into(),
                path: path.as_str().into(),
                client_streaming: access == Access::AnyToken,
                access: Some(access),
                optional_user: false,
                conditional: false,
                cache: None,
                for_machines: false,
                priority,
                idempotency: Idempotency::NoSideEffects,
                sensitive_reply: false,
                server_streaming,
                request: None,
            };
            self.methods.insert(path, Arc::new(method));
        }
    }
}

fn path(service: &ServiceDescriptor, method: &MethodDescriptor) -> String {
    format!("/{}/{}", service.full_name(), method.name())
}

#[cfg(test)]
mod tests {
    use prost_reflect::FieldDescriptor;

    use super::*;

    #[test]
    fn every_method_of_the_contract_says_who_may_call_it() {
        let contract = Contract::tradewind();
        let mistakes: Vec<String> = contract
            .descriptors()
            .services()
            .flat_map(|service| contract.mistakes(service.full_name()))
            .collect();
        assert_eq!(mistakes, Vec::<String>::new());
    }

    #[test]
    fn a_rule_that_cannot_be_compiled_stops_the_start() {
        let mistakes = |expression: &str| {
            let source = format!(
                r#"syntax = "proto3";
                package test;
                import "buf/validate/validate.proto";
                import "tradewind/options/v1/options.proto";
                message Stay {{
                    option (buf.validate.message).cel = {{id: "stay.days" expression: "{expression}"}};
                    int32 from = 1;
                    int32 to = 2;
                }}
                message Request {{ Stay stay = 1; }}
                service Hotel {{
                    rpc Book(Request) returns (Stay) {{
                        option (tradewind.options.v1.access) = {{public: true}};
                    }}
                }}"#
            );
            let pool = contract_rules::testing::compile("test.proto", &source);
            Contract::of(pool).mistakes("test.Hotel")
        };
        assert_eq!(mistakes("this.from < this.to"), Vec::<String>::new());
        let told = mistakes("this.from < this.until").concat();
        for name in ["/test.Hotel/Book", "test.Stay", "stay.days", "until"] {
            assert!(told.contains(name), "{told}");
        }
    }

    /// A client that repeats a call may write its fields in another order, as from a map.
    #[test]
    fn a_request_is_the_same_whatever_the_order_of_its_fields() {
        let contract = Contract::tradewind();
        let adjust = "/tradewind.inventory.v1.InventoryService/AdjustStock";
        let adjust = contract.method(adjust).expect("it is in the contract");
        let hash = |message: &[u8]| adjust.hash(message).expect("it is a message");
        assert_eq!(hash(b"\x0a\x01A\x10\x07"), hash(b"\x10\x07\x0a\x01A"));
        assert_ne!(hash(b"\x0a\x01A\x10\x07"), hash(b"\x0a\x01A\x10\x08"));
        assert_eq!(adjust.hash(b"\x0a\x09A"), None);
    }

    /// What readers of the contract are told is what its option says.
    #[test]
    fn the_comment_of_a_page_size_tells_its_bounds() {
        let contract = Contract::tradewind();
        let pool = contract.descriptors();
        let option = pool.get_extension_by_name("tradewind.options.v1.page");
        let option = option.expect("options.proto declares it");
        let sizes = pool
            .all_messages()
            .filter_map(|m| m.get_field_by_name("page_size"));
        let sizes: Vec<FieldDescriptor> = sizes.collect();
        assert!(!sizes.is_empty());
        for field in sizes {
            let (options, file) = (field.options(), field.parent_file());
            let page = options.get_extension(&option);
            let bound = |name| {
                let bound = page.as_message()?.get_field_by_name(name)?.as_u32()?;
                Some(bound.to_string())
            };
            let info = file.file_descriptor_proto().source_code_info.as_ref();
            let mut places = info.expect("it is included").location.iter();
            let place = places.find(|place| place.path == field.path());
            let comment = place
                .expect("it is included")
                .leading_comments()
                .replace(',', "");
            let (default, max) = (bound("default_size").unwrap(), bound("max_size").unwrap());
            let told = format!("{default} if it is 0 at most {max} (AIP-158)");
            assert!(comment.contains(&told), "{}: {comment}", field.full_name());
        }
    }

    #[test]
    fn what_changes_something_runs_to_its_end() {
        let contract = Contract::tradewind();
        let says = |path: &str| {
            let method = contract.method(path).expect("it is in the contract");
            (method.runs_to_its_end(), method.has_effect_once())
        };
        let orders = |name: &str| says(&format!("/tradewind.orders.v1.OrdersService/{name}"));
        assert_eq!(orders("CreateOrder"), (true, true));
        assert_eq!(orders("CancelOrder"), (true, false));
        assert_eq!(orders("GetOrder"), (false, false));
        assert_eq!(orders("WatchOrder"), (false, false));
        // Its reply has secrets, which are not kept.
        assert_eq!(
            says("/tradewind.auth.v1.AuthService/Register"),
            (true, false)
        );
    }

    #[test]
    fn options_are_read_from_the_descriptors() {
        let contract = Contract::tradewind();
        let login = contract
            .method("/tradewind.auth.v1.AuthService/Login")
            .unwrap();
        assert_eq!(login.access, Some(Access::Public));
        assert_eq!(login.priority, Priority::High);
        assert_eq!(login.idempotency, Idempotency::Unknown);
        assert!(login.sensitive_reply);
        assert!(!login.optional_user);
        let products = contract.method("/tradewind.catalog.v1.CatalogService/ListProducts");
        assert!(products.unwrap().optional_user);
        let list = contract
            .method("/tradewind.auth.v1.AuthService/ListRevocations")
            .unwrap();
        let workloads = vec!["*".to_owned()];
        assert_eq!(
            list.access,
            Some(Access::Alternatives {
                roles: vec![],
                workloads,
                for_scripts: false,
            })
        );
        assert!(list.is_repeatable() && !list.sensitive_reply);
    }

    /// What an account proves itself with, and what ends or changes it, wants a session.
    #[test]
    fn scripts_may_call_what_the_contract_opens_to_them_alone() {
        let contract = Contract::tradewind();
        let is_for_scripts = |method: &Method| {
            matches!(
                method.access,
                Some(Access::Alternatives {
                    for_scripts: true,
                    ..
                })
            )
        };
        let of = |package: &str| {
            let all = contract.methods().filter(|it| it.name.starts_with(package));
            let mut open: Vec<_> = all
                .filter(|it| is_for_scripts(it))
                .map(|it| &*it.name)
                .collect();
            open.sort_unstable();
            open
        };
        assert_eq!(of("tradewind.auth."), [""; 0]);
        let users = ["GetMe", "GetUser", "ListUsers", "SearchUsers"];
        let users = users.map(|name| format!("tradewind.users.v1.UsersService/{name}"));
        assert_eq!(of("tradewind.users."), users);
        assert!(of("tradewind.orders.").contains(&"tradewind.orders.v1.OrdersService/CreateOrder"));
    }
}
